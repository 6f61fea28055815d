"""The tools for one modem by name, as data: what each needs, its script, and its result as JSON; for a gateway's modem and for a port of one's own."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from otppi.at import doctor, examination, imei_tool, probe, sim_tool
from otppi.at.bringup import Silent
from otppi.at.dialogue import Script
from otppi.at.examination import Exam
from otppi.at.imei_tool import Imei, Written
from otppi.at.profiles import GENERIC, Profile
from otppi.at.sim_tool import Book, Result, SimSaid, SimState, What
from otppi.domain import sim_card
from otppi.domain.errors import Mistake, NotDone
from otppi.domain.secret import Secret

LOOKING = ("probe", "doctor", "sim-state", "imei-show")
CHANGING = (*(f"sim-{what.value}" for what in What), "imei-write")
SILENT = "The modem does not answer."


@dataclass(frozen=True, slots=True)
class Tool:
    """One use of a tool. Its PINs are secrets."""

    name: str
    secret: Secret = field(default_factory=lambda: Secret(""))
    new: Secret | None = None
    imei: str = field(default="", repr=False)
    numbers: bool = False
    """Whether a probe shows phone numbers and identities."""

    @property
    def changes(self) -> bool:
        """Whether it changes something in modem or SIM."""
        return self.name in CHANGING

    def script(self, book: Book | None = None, profile: Profile = GENERIC) -> Script:
        """Give the script. Raises ValueError for a try at a SIM without a book."""
        match self.name:
            case "probe":
                return probe.probe()
            case "doctor":
                return examination.examine()
            case "sim-state":
                return sim_tool.state(profile)
            case "imei-show":
                return imei_tool.read()
            case "imei-write":
                return imei_tool.write(self.imei)
        if book is None:
            raise ValueError("A try at a SIM needs a book")
        return sim_tool.attempt(What(self.name.removeprefix("sim-")), book, self.secret, self.new, profile)

    def told(self, result: Any, heard: Iterable[str] = ()) -> dict[str, Any]:
        """Give what the script returned as JSON; ``heard`` is what the modem said unasked. Raises NotDone when it was not done."""
        match result:
            case tuple():
                if not any(answered.known for answered in result):
                    raise NotDone(SILENT)
                return {"answers": [answered.shown(numbers=self.numbers) for answered in result]}
            case Exam():
                return doctor.report(doctor.judge(result, heard))
            case Silent(said):
                raise NotDone(f"Nothing here speaks AT{f'; it says: {said}' if said else ''}.")
            case SimState():
                return _sim(result)
            case SimSaid():
                return _tried(result)
            case Written(done, sentence) if done is not False:
                return {"done": done is True, "said": sentence}
            case Written(_, sentence):
                raise NotDone(sentence)
            case Imei():
                return {"imei": result.imei, "tac": result.tac, "valid": result.valid, "said": result.in_words(), "manufacturer": result.manufacturer,
                        "model": result.model, "writable": result.writable}
        raise NotDone("The modem was lost before the tool was through.")


def silent(result: Any) -> bool:
    """Tell whether a result says that the modem answers no more."""
    return isinstance(result, Silent) or (isinstance(result, Exam) and result.fell_silent) or (isinstance(result, SimSaid) and result.result is Result.UNKNOWN)


def tool(name: str, arguments: Mapping[str, Any], *, imei_write: bool, changing: bool | None = None) -> Tool:
    """Look at the words of an order; ``changing`` tells which kind is asked for, None for either. Raises Mistake, which repeats no PIN."""
    make = _MAKERS.get(name)
    if make is None:
        raise Mistake(f"There is no such tool; there are: {', '.join((*LOOKING, *CHANGING))}.")
    if changing is not None and changing is not (name in CHANGING):
        raise Mistake(f"{name} {'changes nothing' if changing else 'changes something'}: it belongs to another operation.")
    given = _Given(arguments)
    made = make(name, given) if name != "imei-write" else Tool(name, imei=imei_tool.checked(given("imei"), given("again"), allowed=imei_write))
    if unknown := sorted(set(arguments) - given.asked):
        raise Mistake(f'The tool does not know "{unknown[0]}".')
    return made


class _Given:
    """The arguments of an order, and which of them were asked for."""

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        self._arguments = arguments
        self.asked: set[str] = set()

    def __call__(self, name: str) -> str:
        """Give a text. Raises Mistake when it is missing or none."""
        self.asked.add(name)
        value = self._arguments.get(name)
        if not isinstance(value, str):
            raise Mistake(f'The tool needs "{name}", a text.')
        return value

    def flag(self, name: str) -> bool:
        """Give a yes or no."""
        self.asked.add(name)
        return self._arguments.get(name) is True


def _old_and_new(name: str, given: _Given) -> Tool:
    secret, new = sim_card.pin(given("pin")), sim_card.pin(given("new"))
    if secret == new:
        raise Mistake("The new PIN is the old one.")
    return Tool(name, secret, new)


_MAKERS: Mapping[str, Callable[[str, _Given], Tool]] = {
    "probe": lambda name, given: Tool(name, numbers=given.flag("numbers")),
    **dict.fromkeys(("doctor", "sim-state", "imei-show", "imei-write"), lambda name, _: Tool(name)),
    **dict.fromkeys(("sim-enable", "sim-disable", "sim-enter"), lambda name, given: Tool(name, sim_card.pin(given("pin")))),
    "sim-change": _old_and_new,
    "sim-unblock": lambda name, given: Tool(name, sim_card.puk(given("puk")), sim_card.pin(given("new"))),
}


def _tried(said: SimSaid) -> dict[str, Any]:
    if said.result is Result.NOT_DONE:
        raise NotDone(said.said if said.state is None else f"{said.said} {said.state.in_words()}")
    return {"done": said.result is Result.DONE, "said": said.said, "state": None if said.state is None else _sim(said.state)}


def _sim(state: SimState) -> dict[str, Any]:
    return {"sim": state.sim, "locked": state.locked, "pin_tries": state.tries.pin, "puk_tries": state.tries.puk, "said": state.in_words()}
