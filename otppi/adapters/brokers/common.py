"""What all links to brokers share: encryption, sentences for what goes wrong on the way, and the one ``lost`` at the end."""

import os
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any

from otppi.adapters.brokers.wire import TooMuch
from otppi.config.subscribers import Tls
from otppi.domain.links import Delivery, Ears


class BadAuthorities(Exception):
    """The file of the certificate authorities cannot be used; says why in a sentence. No use to try again soon."""


def context(tls: Tls) -> ssl.SSLContext:
    """Give the client's side of an encrypted connection. Raises BadAuthorities."""
    try:
        found = ssl.create_default_context(cafile=tls.ca_file or None)
    except ssl.SSLError:
        raise BadAuthorities(f"{tls.ca_file} holds no certificates that can be read (PEM).") from None
    except OSError as error:
        raise BadAuthorities(f"{tls.ca_file} could not be read: {_reason(error)}.") from error
    found.minimum_version = ssl.TLSVersion.TLSv1_2
    if not tls.verify:
        found.check_hostname = False
        found.verify_mode = ssl.CERT_NONE
    return found


def trouble(error: BaseException, at: tuple[str, int]) -> tuple[str, bool]:
    """Say in a sentence what an error of a socket means, found anywhere among its causes, and whether coming back soon is no use."""
    place = f"{at[0]}:{at[1]}"
    for cause in _causes(error):
        for kind, refused, sentence in _SENTENCES:
            if isinstance(cause, kind):
                return sentence(cause, place), refused
    return f"The connection to {place} ended.", False


class Once:
    """Ears that hear of the end exactly once, whichever thread comes first, and of nothing after it."""

    def __init__(self, ears: Ears) -> None:
        self._ears = ears
        self._lock = threading.RLock()  # a listener may end the link from within
        self._over = False

    @property
    def over(self) -> bool:
        """Whether the end has been told."""
        return self._over

    def up(self) -> None:
        """Pass it on before the end."""
        with self._lock:
            if not self._over:
                self._ears.up()

    def delivered(self, delivery: Delivery) -> None:
        """Pass it on before the end."""
        with self._lock:
            if not self._over:
                self._ears.delivered(delivery)

    def lost(self, why: str, *, refused: bool) -> None:
        """Pass the first one on."""
        with self._lock:
            if not self._over:
                self._over = True
                self._ears.lost(why, refused)


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else type(error).__name__


_SENTENCES: tuple[tuple[type[BaseException], bool, Callable[[Any, str], str]], ...] = (  # the first that fits
    (BadAuthorities, True, lambda error, place: str(error)),
    (ssl.SSLCertVerificationError, True, lambda error, place: f"The certificate of {place} is not trusted: {error.verify_message.rstrip('.')}."),
    (ssl.SSLEOFError, False, lambda error, place: f"{place} closed the encrypted connection."),
    (ssl.SSLZeroReturnError, False, lambda error, place: f"{place} closed the encrypted connection."),
    (ssl.SSLError, False, lambda error, place: f"No encryption could be agreed on with {place}: {(error.reason or 'unknown').lower().replace('_', ' ')}."),
    (socket.gaierror, False, lambda error, place: f"The address of {place} could not be found."),
    (TimeoutError, False, lambda error, place: f"{place} did not answer in time."),
    (ConnectionRefusedError, False, lambda error, place: f"Nothing listens at {place}."),
    (TooMuch, False, lambda error, place: f"{place} sends a message that is too large."),
    (OSError, False, lambda error, place: f"The connection to {place} failed: {_reason(error)}." if error.errno else f"{place} closed the connection."),
)
