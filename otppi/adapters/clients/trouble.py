"""Sentences for what goes wrong on the way to a door."""

import contextlib
import socket
import ssl
from collections.abc import Iterator

from otppi.adapters.brokers.common import BadAuthorities, context, trouble
from otppi.config.door import Door
from otppi.domain.errors import NotDone

WRONG_PASSWORD = "refused user name or password"  # noqa: S105  # a sentence


@contextlib.contextmanager
def translated(door: Door, *errors: type[Exception]) -> Iterator[None]:
    """Turn errors of sockets, and these of a library, into NotDone."""
    known: tuple[type[Exception], ...] = (OSError, BadAuthorities, *errors)
    try:
        yield
    except NotDone:
        raise
    except known as error:
        raise NotDone(trouble(error, door.where)[0]) from error


def encryption(door: Door) -> ssl.SSLContext | None:
    """Give the context of a door that is encrypted. Raises BadAuthorities."""
    return context(door.tls) if door.tls.enabled else None


def look(door: Door) -> None:
    """Connect once by hand, for libraries that keep to themselves why they could not. Raises OSError and BadAuthorities."""
    tls = encryption(door)
    with socket.create_connection(door.where, door.connect_s) as visit:
        if tls is not None:
            with tls.wrap_socket(visit, server_hostname=door.host):
                pass


def refused(door: Door) -> NotDone:
    """Say that it was the credentials."""
    return NotDone(f"{door.place} {WRONG_PASSWORD}.")


def silent(door: Door) -> NotDone:
    """Say that the other side gave no confirmation."""
    return NotDone(f"{door.place} did not confirm in time; whether the request arrived is not known.")
