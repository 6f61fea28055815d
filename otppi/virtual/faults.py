"""Faults to rehearse: each for the next n occasions or until it is cleared, for one modem or for all."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

FAULTS: Final[Mapping[str, str]] = {
    "cms": 'final +CMS ERROR `code` after the body, nothing sent; `at`="prompt": in place of the prompt; `received`: sent after all',
    "cme": "the same with +CME ERROR `code`",
    "error": "the same with bare ERROR",
    "no_prompt": "AT+CMGS is not answered; what follows is its body, until ESC",
    "slow_prompt": "the prompt comes after `seconds`",
    "late": "the network's final result comes after `seconds` more",
    "lost_ok": "+CMGS without OK",
    "lost_result": "nothing follows the body; `received`=false: the network did not get it either",
    "double_cmgs": "+CMGS twice before OK",
    "unplug": '`when`: "now", "prompt", "body_bytes" (after `bytes` of the body), "after_body" (the default; `received`=false: not sent)',
    "hang": "reads, and never answers, until cleared (as the next four: `count` means nothing to them)",
    "one_byte": "one octet at a time",
    "not_registered": "no network: registration `stat` (2), +CMS ERROR: 331",
    "sim_absent": "+CME ERROR: 10, +CMS ERROR: 310",
    "store_full": "every store takes no more",
    "urc_storm": "`lines` (there are default ones) between the lines of an answer",
    "junk": "`hex` octets before each answer",
    "sim_busy": "+CME ERROR: 14, +CMS ERROR: 314",
}
"""Kinds and what each does; words between backquotes are options."""


@dataclass(slots=True)
class Fault:
    """One fault that waits for its occasion."""

    kind: str
    modem: int | None = None
    """None: every modem."""
    count: int | None = None
    """Occasions left; None: until cleared."""
    options: Mapping[str, object] = field(default_factory=dict)

    def number(self, name: str, default: float) -> float:
        """A numeric option."""
        value = self.options.get(name, default)
        return float(value) if isinstance(value, int | float) else default

    def word(self, name: str, default: str) -> str:
        """An option of text."""
        return str(self.options.get(name, default))

    def words(self, name: str, default: Iterable[str]) -> list[str]:
        """An option that is a list of text."""
        value = self.options.get(name)
        return [str(item) for item in value] if isinstance(value, list) else list(default)

    def flag(self, name: str, *, default: bool) -> bool:
        """An option of yes or no."""
        return bool(self.options.get(name, default))


class Faults:
    """All faults of one virtual network."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let a fault wait for its occasion; ValueError for an unknown kind."""
        if fault.kind not in FAULTS:
            raise ValueError(f"No such fault; there are: {', '.join(FAULTS)}.")
        self._waiting.append(fault)

    def clear(self, modem: int | None = None, kind: str | None = None) -> None:
        """Forget all faults, or those of one modem or kind."""
        self._waiting = [
            fault
            for fault in self._waiting
            if (modem is not None and fault.modem != modem) or (kind is not None and fault.kind != kind)
        ]

    def active(self, modem: int, kind: str) -> Fault | None:
        """The first fault of that kind, not used up by the question."""
        if not self._waiting:
            return None
        return next((fault for fault in self._waiting if fault.kind == kind and fault.modem in {None, modem}), None)

    def take(self, modem: int, *kinds: str, at: str | None = None) -> Fault | None:
        """The first fault of these kinds (and of that `at` or `when`), one occasion of it used up."""
        for fault in self._waiting:
            if fault.kind not in kinds or fault.modem not in {None, modem}:
                continue
            if at is not None and str(fault.options.get("at") or fault.options.get("when") or "after_body") != at:
                continue
            if fault.count is not None:
                fault.count -= 1
                if fault.count <= 0:
                    self._waiting.remove(fault)
            return fault
        return None

    def state(self) -> list[dict[str, object]]:
        """What waits, for the control socket."""
        return [
            {"kind": fault.kind, "modem": fault.modem, "count": fault.count, **fault.options} for fault in self._waiting
        ]
