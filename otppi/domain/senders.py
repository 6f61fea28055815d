"""The senders as the router sees them: where to reach each, how it stands, what its limits allow. Times are monotonic."""

from collections.abc import Container, Iterable
from typing import Any

from otppi.domain.limits import Limit, Meter
from otppi.domain.ports import Tell
from otppi.domain.states import Standing


class Senders:
    """Keeps what senders say of themselves, and what follows from it for the dispatch."""

    def __init__(self) -> None:
        self._ports: dict[str, Tell] = {}
        self._said: dict[str, Standing] = {}
        self._settings: dict[str, Any] = {}
        self._replaced: set[str] = set()
        self._meters: dict[str, Meter] = {}
        self.spent: Container[str] = ()
        """Whose quota is reached."""

    def expect(self, settings: dict[str, Any], limits: dict[str, tuple[Limit, ...]]) -> list[str]:
        """Take the senders that there are to be; gives those that are new.

        Messages wait for a sender that starts now, and for the successor of one that was changed.
        """
        new = [name for name in settings if name not in self._said]
        self._replaced &= settings.keys()
        self._replaced |= {name for name, value in settings.items() if name in self._ports and self._settings.get(name) != value}
        self._settings = settings
        for name, allowed in limits.items():
            if name in self._meters:
                self._meters[name].allow(allowed)
            else:
                self._meters[name] = Meter(allowed)
        return new

    def said(self, name: str, standing: Standing, port: Tell, now: float) -> Standing:
        """Take what a sender says of itself; gives how it stands for the dispatch."""
        self._ports[name] = port
        self._said[name] = Standing.COMING if standing is Standing.AWAY and name in self._replaced else standing
        return self.standing(name, now)

    def gone(self, name: str, *, removed: bool) -> bool:
        """Note the end of a sender: for good, or until its successor comes. False when nobody knew it."""
        known = name in self._ports
        self._replaced.discard(name)
        if removed:
            for table in (self._ports, self._said, self._meters):
                table.pop(name, None)
        elif known:
            self._said[name] = Standing.COMING
        return known

    def note(self, name: str, sms: int, now: float) -> None:
        """Count what a sender sent."""
        if name in self._meters:
            self._meters[name].note(sms, now)

    def standing(self, name: str, now: float) -> Standing:
        """Tell how a sender stands: by its own word, unless a limit or its quota is reached."""
        said = self._said.get(name, Standing.COMING if name in self._settings else Standing.AWAY)
        return Standing.RESTING if said is Standing.USABLE and (name in self.spent or self.free_at(name, now) > now) else said

    def free_at(self, name: str, now: float) -> float:
        """Give when a sender may send again by its limits; ``now`` when it may at once."""
        return self._meters[name].free_at(now) if name in self._meters else now

    def tell(self, name: str, message: Any) -> bool:
        """Tell a sender; False when it has ended and the message with it. Its successor is waited for."""
        port = self._ports.get(name)
        if port is not None and port(message) is not False:
            return True
        self._said[name] = Standing.COMING
        return False

    def started(self) -> bool:
        """Whether every sender that there is to be has said whether it can send."""
        return all(self._said.get(name, Standing.COMING) is not Standing.COMING for name in self._settings)

    def names(self) -> Iterable[str]:
        """List the senders that have ever said something."""
        return list(self._ports)
