"""Who sends a request: the peer, or behind a trusted proxy the client that the proxy names."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from otppi.domain.errors import Mistake
from otppi.web.answers import Environ


class ClientAddress:
    """Finds the client's address. ``trusted`` holds the proxies, as addresses or networks (``10.0.0.0/8``).

    Raises Mistake for one that is neither.
    """

    def __init__(self, trusted: Iterable[str]) -> None:
        try:
            self._trusted = tuple(ip_network(network, strict=False) for network in trusted)
        except ValueError:
            raise Mistake("proxy.trusted holds something that is neither an address nor a network such as 10.0.0.0/8.") from None

    def of(self, environ: Environ) -> str:
        """Give the peer's address, or from a trusted peer the right-most untrusted entry of X-Forwarded-For."""
        peer: str = environ.get("REMOTE_ADDR", "")
        if not self._trusted:
            return peer
        found = _address(peer)
        if found is None:
            return peer
        for entry in reversed(environ.get("HTTP_X_FORWARDED_FOR", "").split(",")):
            if not any(found in network for network in self._trusted):
                break
            before = _address(entry)
            if before is None:
                break
            found = before
        return str(found)


def block(address: str) -> str:
    """Give what throttling takes for one client: an IPv4 address, or the /64 network that an IPv6 client chooses from."""
    found = _address(address)
    return str(ip_network((found, 64), strict=False)) if isinstance(found, IPv6Address) else str(found or address)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    text = text.strip()
    if text.startswith("["):  # [2001:db8::1]:4711
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:  # 192.0.2.1:4711
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
