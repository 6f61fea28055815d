"""An actor around a book: state with a file and operations that administrators run."""

from collections.abc import Callable, Mapping
from typing import Any

from actors.base import Actor, handles
from otppi.domain.errors import Mistake, NotDone, OtppiError
from otppi.domain.messages.running import Operate
from otppi.domain.ports import Clock

Operations = Mapping[str, Callable[..., Any]]


class Owner(Actor):
    """Runs operations of domain.operations on its book; a sentence comes back for whatever cannot be done."""

    def __init__(self, name: str, clock: Clock, operations: Operations) -> None:
        super().__init__(name, clock)
        self._operations = operations

    @handles(Operate)
    def operate(self, message: Operate) -> None:
        """Run one operation, publish what it changed, then say that it is done."""
        try:
            result = self._operations[message.name](**message.arguments)
            self.operated(message.name)
        except (Mistake, NotDone) as error:
            message.failed(error)
        except OtppiError as error:
            message.failed(NotDone(str(error)))
        except TypeError:
            message.failed(Mistake("An argument of the operation has the wrong shape."))
        else:
            message.done(result)

    def operated(self, name: str) -> None:
        """Publish what an operation may have changed."""

    def failed(self, message: Any) -> None:
        """Tell whoever waits for an operation that it failed."""
        if isinstance(message, Operate):
            message.failed(NotDone("The gateway failed; its log says more."))
