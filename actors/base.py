"""What every actor here shares: handlers by message type, wake-ups, and what happens when a handler fails."""

import logging
from collections.abc import Callable
from typing import Any, ClassVar

import pykka

from otppi.domain.messages.running import Begin, Died, Wake
from otppi.domain.ports import Cancel, Clock, Tell

_log = logging.getLogger(__name__)


def handles(message: type) -> Callable[[Callable[[Any, Any], None]], Callable[[Any, Any], None]]:
    """Mark a method as the handler of a message type."""

    def mark(method: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
        method.__handles__ = message  # type: ignore[attr-defined]
        return method

    return mark


def teller(ref: "pykka.ActorRef[Any]") -> Tell:
    """Give a function that tells an actor; False when it is gone, which its supervisor knows already."""

    def tell(message: Any) -> bool:
        try:
            ref.tell(message)
        except pykka.ActorDeadError:
            _log.debug("%s came after its receiver had ended", type(message).__name__)
            return False
        return True

    return tell


class Actor(pykka.ThreadingActor):
    """A mailbox with one handler per message type.

    An owner of state resumes after an error: it logs it and goes on with the next message (``failed`` may answer
    whoever waits). An owner of a device dies of it: it cleans up, tells the supervisor and is started anew.
    """

    resumes: ClassVar[bool] = True
    _handlers: ClassVar[dict[type, str]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = {method.__handles__: name for name, method in vars(cls).items() if hasattr(method, "__handles__")}
        cls._handlers = {**cls._handlers, **own}

    def __init__(self, name: str, clock: Clock, supervisor: Tell | None = None) -> None:
        super().__init__()
        self.name = name
        self.clock = clock
        self._supervisor = supervisor
        self._tickets: dict[str, tuple[int, Cancel]] = {}
        self._ticket = 0
        self._paced: dict[str, float] = {}

    @property
    def tell(self) -> Tell:
        """A function that tells this actor; safe to hand out."""
        return teller(self.actor_ref)

    # Pykka's side

    def on_start(self) -> None:
        """Tell itself to begin; an error here would kill the actor without a word."""
        self.actor_ref.tell(Begin())

    def on_receive(self, message: Any) -> None:
        """Hand a message to its handler; its content is never logged."""
        if isinstance(message, Wake) and not self._is_current(message):
            return
        name = self._handlers.get(type(message))
        if name is None:
            if not isinstance(message, Begin):
                _log.error("%s: no handler for %s", self.name, type(message).__name__)
            return
        try:
            getattr(self, name)(message)
        except Exception:
            if not self.resumes:
                raise
            _log.exception("%s: failed while handling %s", self.name, type(message).__name__)
            self.failed(message)

    def on_stop(self) -> None:
        """Clean up when asked to stop."""
        self._end()

    def on_failure(self, exception_type: type[BaseException] | None, exception_value: BaseException | None, traceback: Any) -> None:
        """Clean up after an error, and ask to be started anew."""
        _log.error("%s: ended by an error", self.name, exc_info=(exception_type, exception_value, traceback) if exception_value else None)  # type: ignore[arg-type]
        self._end()
        if self._supervisor is not None:
            self._supervisor(Died(self.name, exception_type.__name__ if exception_type else "unknown"))

    # for subclasses

    def failed(self, message: Any) -> None:
        """Answer whoever waits for the message that could not be handled. The default has nobody to answer."""

    def clean_up(self) -> None:
        """Give back what is held. Called once, whether the actor is stopped or failed."""

    def unread(self) -> list[Any]:
        """Give the messages that were told and will not be handled any more; for :meth:`clean_up`."""
        return [envelope.message for envelope in list(getattr(self.actor_inbox, "queue", ()))]

    def wake_in(self, seconds: float, what: str) -> None:
        """Ask for a Wake in ``seconds``; an earlier one for the same ``what`` is replaced."""
        self.let_sleep(what)
        self._ticket += 1
        wake, tell = Wake(what, self._ticket), self.tell
        self._tickets[what] = (self._ticket, self.clock.after(seconds, lambda: tell(wake)))

    def wake_soon(self, seconds: float, what: str) -> None:
        """Ask for a Wake unless one for the same ``what`` is on its way already."""
        if what not in self._tickets:
            self.wake_in(seconds, what)

    def wake_paced(self, seconds: float, what: str) -> bool:
        """Tell whether something may be done at once, as it was not done for ``seconds``; else ask for a Wake when it may.

        Of many in a row the first is done at once and the last for certain; each caller notes by :meth:`done_now`.
        """
        wait_s = self._paced.get(what, -seconds) + seconds - self.clock.monotonic()
        if wait_s <= 0:
            return True
        self.wake_soon(wait_s, what)
        return False

    def done_now(self, what: str) -> None:
        """Note that what :meth:`wake_paced` paces was done now."""
        self._paced[what] = self.clock.monotonic()

    def let_sleep(self, what: str) -> None:
        """Take a wake-up back."""
        held = self._tickets.pop(what, None)
        if held is not None:
            held[1].cancel()

    def _is_current(self, wake: Wake) -> bool:
        held = self._tickets.get(wake.what)
        if held is None or held[0] != wake.ticket:
            return False
        del self._tickets[wake.what]
        return True

    def _end(self) -> None:
        for what in list(self._tickets):
            self.let_sleep(what)
        try:
            self.clean_up()
        except Exception:  # noqa: BLE001  # the last breath: whoever waits must still hear of the end
            _log.exception("%s: failed while cleaning up", self.name)
