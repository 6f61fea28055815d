"""The section ``certificates``: what the doors show under HTTPS. At most one is active."""

from collections.abc import Iterable, Iterator

from otppi.config.fields import flag, secret, settings, text
from otppi.domain.secret import Secret

_CHAIN = 64 * 1024  # characters; a chain of three certificates takes about 6,000
_KEY = 16 * 1024  # characters; an RSA key of 8,192 bits takes about 6,400


@settings
class Certificate:
    """A certificate and its key, both as PEM text."""

    id: str = text("Identifier", pattern=r"[A-Za-z0-9_.-]{1,64}", shape="1 to 64 letters, digits, dots, dashes or underscores")
    name: str = text("Name", default="", max_length=100)
    certificate: str = text("Certificate", lines=True, max_length=_CHAIN, private=True,
                            help="PEM: the certificate of this device first, then those between it and its authority")
    key: Secret = secret("Private key", default="", lines=True, max_length=_KEY, help="PEM, without a passphrase")
    active: bool = flag("Active", default=True)

    def problems(self) -> Iterator[tuple[str, str]]:
        """Try the pair out, so that one that cannot serve is never stored."""
        from otppi.config.pair import BadPair, proven  # noqa: PLC0415  # most commands have no use for ssl

        try:
            proven(self.certificate, self.key)
        except BadPair as bad:
            yield bad.field, str(bad)


def one_active(certificates: Iterable[Certificate]) -> Iterator[tuple[str, str]]:
    """Refuse a second active certificate; gives ``(path, sentence)``."""
    first = ""
    for certificate in certificates:
        if certificate.active and first:
            yield f"[{certificate.id}].active", f'must be false while certificate "{first}" is active; one serves at a time.'
        elif certificate.active:
            first = certificate.id
