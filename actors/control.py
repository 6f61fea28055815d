"""The administrators' way in: operations become messages to the owners of what they concern."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

from otppi.domain import operations
from otppi.domain.errors import Mistake, NotDone
from otppi.domain.messages.running import Operate, Record
from otppi.domain.ports import Tell


class ActorControl:
    """Implements domain.ports.Control. Keeps no state, waits for nobody. ``owners`` is empty until all have been started."""

    def __init__(self, owners: Mapping[str, Tell], audit: Tell, ready: Callable[[], tuple[bool, str]]) -> None:
        self._owners = owners
        self._audit = audit
        self._ready = ready

    def do(self, name: str, arguments: dict[str, Any], who: str) -> "Future[Any]":
        """Hand an operation to its owner; a change that was made is in the audit trail."""
        future: Future[Any] = Future()
        try:
            operation = operations.check(name, arguments)
        except Mistake as error:
            future.set_exception(error)
            return future

        def done(result: Any) -> None:
            if operation.changes:
                self._audit(Record(who, name, operations.target(operation, arguments)))
            future.set_result(result)

        owner = self._owners.get(operation.owner)
        if owner is None:
            future.set_exception(NotDone("The gateway is starting; try again in a moment."))
        else:
            owner(Operate(name, arguments, who, done, future.set_exception))
        return future

    def ready(self) -> tuple[bool, str]:
        """Tell whether everything works, and if not, what does not."""
        return self._ready()
