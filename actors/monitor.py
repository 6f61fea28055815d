"""The monitor: the last state that every part told of itself, for status, modem list and pages."""

from typing import Any

from actors.base import handles
from actors.owner import Owner
from otppi.domain import replies
from otppi.domain.messages.asking import AskModems
from otppi.domain.messages.running import State
from otppi.domain.ports import Clock

MODEM_LIST = ("id", "name", "port", "active", "connected", "defaultModem", "internetAccess", "internetConnected", "imei", "imsi", "iccid",
              "copsOperator", "smsCenter", "signalStrength")
"""The keys of a modem in the reply to get-modem-list, as clients of the original know them."""


class Monitor(Owner):
    """Keeps facts by kind and name. Decides nothing."""

    def __init__(self, clock: Clock) -> None:
        super().__init__("monitor", clock, {"status": self.status, "modem.list": self.modems})
        self._facts: dict[str, dict[str, Any]] = {}
        self._since = clock.wall()

    @handles(State)
    def state(self, message: State) -> None:
        """Take what a part tells of itself."""
        of_kind = self._facts.setdefault(message.kind, {})
        if message.facts is None:
            of_kind.pop(message.name, None)
        else:
            of_kind[message.name] = dict(message.facts)

    @handles(AskModems)
    def ask_modems(self, message: AskModems) -> None:
        """Answer get-modem-list."""
        listed = {name: {key: facts[key] for key in MODEM_LIST} for name, facts in self._facts.get("modem", {}).items()}
        message.reply(replies.Reply(message.request.command, replies.OK, data={"modem_list": listed}))

    def status(self) -> dict[str, Any]:
        """Give everything at a glance."""
        return {"since": self._since, **{kind: dict(parts) for kind, parts in self._facts.items()}}

    def modems(self) -> list[dict[str, Any]]:
        """List the modems with identity and state."""
        return list(self._facts.get("modem", {}).values())

    def failed(self, message: Any) -> None:
        """Answer a client that an error of ours hit."""
        if isinstance(message, AskModems):
            message.reply(replies.failed(message.request, "The gateway failed; its log says more."))
        else:
            super().failed(message)
