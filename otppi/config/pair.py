"""A certificate and its key, tried out: by the same handshake that clients will make, in memory."""

import os
import ssl
from dataclasses import dataclass

from otppi.domain.errors import Mistake
from otppi.domain.secret import Secret

_CERTIFICATE = "-----BEGIN CERTIFICATE-----"
_KEY = "PRIVATE KEY-----"
_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME of OpenSSL's x509_vfy.h; Python has no name for it
_FLIGHTS = 4  # each way; TLS 1.3 needs two
_MISFITS = {"KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED", "UNKNOWN_KEY_TYPE"}


class BadPair(Mistake):
    """The pair cannot serve. ``field`` is ``certificate`` or ``key``; the sentence goes on after its name."""

    def __init__(self, field: str, sentence: str) -> None:
        self.field = field
        super().__init__(sentence)


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair that works: what a server needs of it, and from when to when it is valid (unix seconds)."""

    context: ssl.SSLContext
    begins: float
    ends: float


def proven(certificate: str, key: Secret) -> Pair:
    """Load a pair of PEM texts and make one handshake with it. Raises BadPair. A pair out of its dates is taken."""
    _look(certificate, key.reveal())
    try:
        visitor = _visitor(certificate)
    except ssl.SSLError:
        raise BadPair("certificate", "cannot be read; a part of the PEM text is broken or missing.") from None
    context = _loaded(certificate, key)
    facts = _handshake(context, visitor)
    return Pair(context, *(float(ssl.cert_time_to_seconds(str(facts[name]))) for name in ("notBefore", "notAfter")))


def _look(certificate: str, key: str) -> None:
    """Say what a person has most likely mixed up, before OpenSSL says it in its own words."""
    if _KEY in certificate:
        raise BadPair("certificate", "holds a private key, which everybody could read there; move it to the key.")
    if _CERTIFICATE not in certificate:
        raise BadPair("certificate", f"must be PEM text; it begins with {_CERTIFICATE}")
    if not key:
        raise BadPair("key", "is missing; a certificate cannot serve without it.")
    if _KEY not in key:
        raise BadPair("key", "must be PEM text; it begins with -----BEGIN PRIVATE KEY----- or the like.")


def _loaded(certificate: str, key: Secret) -> ssl.SSLContext:
    def passphrase() -> str:
        raise BadPair("key", "is protected by a passphrase; write it without (openssl pkey -in FILE).")

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION  # which costs the server more than the client
    context.num_tickets = 0  # unread tickets turn the end of a short connection into a reset, and the answer is lost
    file = os.memfd_create("certificate")  # OpenSSL wants a path; this one leads to memory, so the key touches no disk
    try:
        os.write(file, f"{key.reveal()}\n{certificate}\n".encode())
        context.load_cert_chain(f"/proc/self/fd/{file}", password=passphrase)
    except ssl.SSLError as error:
        if error.reason in _MISFITS:
            raise BadPair("key", "does not belong to the certificate, or the certificate is not the first of its chain.") from None
        if error.library == "SSL" and error.reason:  # such as EE_KEY_TOO_SMALL
            raise BadPair("certificate", f"is refused: {_words(error)}.") from None
        raise BadPair("key", "cannot be read; a part of the PEM text is broken or missing.") from None
    finally:
        os.close(file)
    return context


def _visitor(certificate: str) -> ssl.SSLContext:
    """Make a client that trusts this certificate alone and, but for its dates, asks of it what every client does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=certificate.encode("ascii", "replace").decode())  # PEM is; a person's remarks around it may not be
    context.verify_flags = ssl.VerifyFlags(context.verify_flags | ssl.VERIFY_X509_PARTIAL_CHAIN | _NO_CHECK_TIME)
    return context


def _handshake(context: ssl.SSLContext, visitor: ssl.SSLContext) -> dict[str, object]:
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = visitor.wrap_bio(back, there), context.wrap_bio(there, back, server_side=True)
    try:
        for _ in range(_FLIGHTS):
            for side in sides:
                try:
                    side.do_handshake()
                except ssl.SSLWantReadError:
                    continue
        return dict(sides[0].getpeercert() or {})
    except ssl.SSLCertVerificationError as error:
        raise BadPair("certificate", f"would be refused by every client: {error.verify_message}.") from None
    except ssl.SSLError as error:
        raise BadPair("certificate", f"cannot serve: {_words(error)}.") from None


def _words(error: ssl.SSLError) -> str:
    return (error.reason or "unknown").replace("_", " ").lower()
