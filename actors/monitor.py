"""The monitor: the last state that every part told of itself, for status, modem list and pages."""

from collections.abc import Mapping
from typing import Any

from actors.base import handles
from actors.owner import Owner
from otppi.domain import replies
from otppi.domain.messages.asking import AskModems
from otppi.domain.messages.receiving import Happened
from otppi.domain.messages.running import Configure, State
from otppi.domain.ports import Clock, Tell

MODEM_LIST = ("id", "name", "port", "active", "connected", "defaultModem", "internetAccess", "internetConnected", "imei", "imsi", "iccid",
              "copsOperator", "smsCenter", "signalStrength")
"""The keys of a modem in the reply to get-modem-list, as clients of the original know them."""
_WORKS = {"sending": "ready", "USSD": "ready"}
"""States that a modem is in for moments only, while it works."""


class Monitor(Owner):
    """Keeps facts by kind and name. Decides nothing."""

    def __init__(self, clock: Clock) -> None:
        super().__init__("monitor", clock, {"status": self.status, "modem.list": self.modems})
        self._facts: dict[str, dict[str, Any]] = {}
        self._since = clock.wall()
        self._webhooks: Tell | None = None

    @handles(Configure)
    def configure(self, message: Configure) -> None:
        """Take who is told of modems whose state changes."""
        if message.section == "webhooks":
            self._webhooks = message.value

    @handles(State)
    def state(self, message: State) -> None:
        """Take what a part tells of itself."""
        of_kind = self._facts.setdefault(message.kind, {})
        if message.kind == "modem" and self._webhooks is not None:
            self._tell_change(message.name, of_kind.get(message.name, {}), message.facts or {"state": "removed"})
        if message.facts is None:
            of_kind.pop(message.name, None)
        else:
            of_kind[message.name] = dict(message.facts)

    def _tell_change(self, modem: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
        state = _WORKS.get(now["state"], now["state"])
        if self._webhooks is not None and state != _WORKS.get(before.get("state", ""), before.get("state")):
            told = {"modem": modem, "name": now.get("name", ""), "state": state, "why": now.get("why", "")}
            self._webhooks(Happened("modem.state", self.clock.wall(), told))

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
