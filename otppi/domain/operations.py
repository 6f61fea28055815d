"""What administrators can ask of the gateway, as data: one table for control socket, command line and pages.

An operation belongs to the owner of the state that it reads or changes. While the service runs, it is told to that
owner's actor; while it does not, the command line opens the same books itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from otppi.domain.errors import Mistake
from otppi.domain.job import born
from otppi.domain.msisdn import mask


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: its owner, the names of its arguments (optional ones end in ``?``), and whether it changes anything."""

    owner: str
    arguments: tuple[str, ...] = ()
    changes: bool = False
    target: str = ""
    """The argument that names what is changed, for the audit trail."""
    offline: bool = True
    """Whether it makes sense without a running service."""
    limit_s: float = 0.0
    """For the owner to answer where a network has a say; 0: as long as reading or writing one file may take."""


OPERATIONS: Mapping[str, Operation] = {
    "status": Operation("monitor", offline=False),
    "modem.list": Operation("monitor", offline=False),
    "modem.learned": Operation("learned", ("imei?",)),
    "modem.forget": Operation("learned", ("imei",), changes=True, target="imei"),
    "route": Operation("router", ("number",), offline=False),
    "ussd": Operation("gateway", ("modem", "code?", "cancel?"), offline=False, limit_s=75.0),
    "modem.look": Operation("gateway", ("modem", "tool", "arguments?"), offline=False, limit_s=90.0),
    "modem.tool": Operation("gateway", ("modem", "tool", "arguments?"), changes=True, target="modem", offline=False, limit_s=90.0),
    "ports.list": Operation("inspector", offline=False),
    "inbox.list": Operation("inbox", ("search?", "modem?", "unread?", "page?", "limit?")),
    "inbox.show": Operation("inbox", ("id",)),
    "inbox.reply": Operation("inbox", ("id", "text"), changes=True, target="id", offline=False, limit_s=610.0),
    "inbox.delete": Operation("inbox", ("ids",), changes=True),
    "settings.show": Operation("settings", ("section",)),
    "settings.set": Operation("settings", ("section", "value"), changes=True, target="section"),
    "webhook.test": Operation("webhooks", ("id",), offline=False, limit_s=20.0),
    "user.list": Operation("accounts"),
    "user.add": Operation("accounts", ("kind", "name", "password", "email?", "phone?", "commands?"), changes=True, target="name"),
    "user.passwd": Operation("accounts", ("kind", "name", "password"), changes=True, target="name"),
    "user.remove": Operation("accounts", ("kind", "name"), changes=True, target="name"),
    "user.block": Operation("accounts", ("kind", "name"), changes=True, target="name"),
    "user.unblock": Operation("accounts", ("kind", "name"), changes=True, target="name"),
    "user.activate": Operation("accounts", ("kind", "name"), changes=True, target="name"),
    "user.deactivate": Operation("accounts", ("kind", "name"), changes=True, target="name"),
    "blocklist.list": Operation("blocklist", ("search?",)),
    "blocklist.add": Operation("blocklist", ("numbers",), changes=True),
    "blocklist.unblock": Operation("blocklist", ("numbers",), changes=True),
    "blocklist.delete": Operation("blocklist", ("numbers",), changes=True),
    "blocklist.import": Operation("blocklist", ("entries",), changes=True),
    "blocklist.export": Operation("blocklist"),
}


def check(name: str, arguments: Mapping[str, Any]) -> Operation:
    """Give the operation after checking the names of its arguments. Raises :class:`Mistake`."""
    operation = OPERATIONS.get(name)
    if operation is None:
        raise Mistake("There is no such operation.")
    known = {argument.rstrip("?") for argument in operation.arguments}
    for argument in operation.arguments:
        if not argument.endswith("?") and argument not in arguments:
            raise Mistake(f'The operation needs "{argument}".')
    for argument in arguments:
        if argument not in known:
            raise Mistake(f'The operation does not know "{argument}".')
    return operation


def target(operation: Operation, arguments: Mapping[str, Any]) -> str:
    """Name what an operation changed, for the audit trail: an account, a section or a message, or how many numbers (masked) or messages."""
    if "tool" in arguments:
        return f"{arguments['modem']} {arguments['tool']}"
    if operation.target:
        kind = arguments.get("kind")
        return f"{kind} {arguments[operation.target]}" if kind else str(arguments[operation.target])
    if ids := arguments.get("ids"):
        named = (str(one) for one in list(ids)[:3])
        return f"{len(ids)} messages: {', '.join(one if born(one) else mask(one) for one in named)}"
    numbers = arguments.get("numbers") or arguments.get("entries") or ()
    shown = ", ".join(mask(str(number)) for number in list(numbers)[:3] if isinstance(number, str))
    return f"{len(numbers)} numbers" + (f": {shown}" if shown else "")
