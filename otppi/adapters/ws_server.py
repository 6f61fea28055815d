"""A WebSocket message broker: each message goes to every other connection of its topic, and is kept nowhere.

asyncio and some lines for the frames, no library: the process has nothing else to do, and a server's library would be one
more dependency for what few installations use.
"""

import asyncio
import base64
import binascii
import contextlib
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qs

from otppi.adapters.htpasswd import Users
from otppi.adapters.ws_frames import Kind, Reader, Violation, closing, frame

READ_BYTES = 65_536
VERIFIERS = 2  # passwords at once; bcrypt takes a whole core
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
GONE, TOO_SLOW = 1001, 1013


@dataclass(frozen=True, slots=True)
class Limits:
    """What strangers and slow ones may take."""

    connections: int = 500
    head_bytes: int = 8192  # of a handshake
    handshake_s: float = 10.0
    idle_s: float = 30.0
    """Who is silent so long is pinged, and after as long again he is dropped."""
    unread_bytes: int = 256 * 1024
    """Of messages that a receiver has not taken; beyond it he is dropped, as neither memory nor the others shall wait for him."""
    parting_s: float = 2.0


class Refused(Exception):
    """A handshake is answered with a status and headers."""

    def __init__(self, status: HTTPStatus, *headers: str) -> None:
        super().__init__(status.phrase)
        self.status, self.headers = status, headers


class Member:
    """A connection of a topic."""

    def __init__(self, writer: asyncio.StreamWriter, limits: Limits) -> None:
        self._writer, self._limits = writer, limits
        self._closed = False

    def send(self, data: bytes) -> None:
        """Hand over a frame; whoever leaves too much unread is dropped instead."""
        if self._closed:
            return
        transport = self._writer.transport
        if transport.get_write_buffer_size() > self._limits.unread_bytes:
            self.close(TOO_SLOW)
            asyncio.get_running_loop().call_later(self._limits.parting_s, transport.abort)
        else:
            self._writer.write(data)

    def close(self, code: int) -> None:
        """Say goodbye, once."""
        if not self._closed:
            self._writer.write(closing(code))
            self._closed = True

    @property
    def closed(self) -> bool:
        """Whether the last frame was sent."""
        return self._closed


class WsBroker:
    """``await serve(…)`` until ``stop`` is set."""

    def __init__(self, users: Users, limits: Limits = Limits()) -> None:  # it is frozen
        self._users, self._limits = users, limits
        self._topics: dict[str, set[Member]] = {}
        self._talks: set[asyncio.Task[None]] = set()
        self._verifiers = ThreadPoolExecutor(VERIFIERS, thread_name_prefix="htpasswd")

    async def serve(self, host: str, port: int, ready: Callable[[int], object], stop: asyncio.Event) -> None:
        """Listen; ``ready`` hears the port. Raises OSError when it cannot be had."""
        try:
            server = await asyncio.start_server(self._welcome, host, port, limit=self._limits.head_bytes, reuse_address=True)
            ready(server.sockets[0].getsockname()[1])
            await stop.wait()
            server.close()
            for member in [member for members in self._topics.values() for member in members]:
                member.close(GONE)
            if self._talks:
                await asyncio.wait(self._talks, timeout=self._limits.parting_s)
            for talk in self._talks:
                talk.cancel()
            await asyncio.gather(*self._talks, return_exceptions=True)
        finally:
            self._verifiers.shutdown(cancel_futures=True)

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its first byte to its last."""
        talk = asyncio.current_task()
        assert talk is not None  # noqa: S101
        self._talks.add(talk)
        try:
            topic = await self._shake_hands(reader, writer)
            if topic is not None:
                await self._talk(topic, reader, writer)
        except (OSError, EOFError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass  # gone, or let go: there is nobody to tell
        finally:
            self._talks.discard(talk)
            with contextlib.suppress(OSError):
                writer.transport.abort() if writer.transport.get_write_buffer_size() else writer.close()

    async def _shake_hands(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str | None:
        """Answer a handshake; gives the topic, or None when it was refused."""
        try:
            async with asyncio.timeout(self._limits.handshake_s):
                if len(self._talks) > self._limits.connections:
                    raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "Retry-After: 10")  # noqa: TRY301
                try:
                    head = await reader.readuntil(b"\r\n\r\n")
                except asyncio.LimitOverrunError:
                    raise Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE) from None
                topic, key, authorization = parse(head)
                if not await self._admits(authorization):
                    raise Refused(HTTPStatus.UNAUTHORIZED, 'WWW-Authenticate: Basic realm="otppi ws-broker", charset="UTF-8"')  # noqa: TRY301
        except Refused as refused:
            writer.write(_answer(refused.status, *refused.headers, "Connection: close", "Content-Length: 0"))
            await self._part(reader, writer)
            return None
        except TimeoutError:
            return None
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()  # noqa: S324  # the protocol's
        writer.write(_answer(HTTPStatus.SWITCHING_PROTOCOLS, "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {accept}"))
        return topic

    async def _admits(self, authorization: str) -> bool:
        kind, _, word = authorization.partition(" ")
        try:
            name, colon, password = base64.b64decode(word.strip(), validate=True).decode().partition(":")
        except ValueError:
            return False
        if kind.lower() != "basic" or not colon or "\0" in name + password:
            return False
        if self._users.remembers(name, password):
            return True
        return await asyncio.get_running_loop().run_in_executor(self._verifiers, self._users.verify, name, password)

    async def _talk(self, topic: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on what a member says until he ends, breaks the rules or is dead."""
        member = Member(writer, self._limits)
        members = self._topics.setdefault(topic, set())
        members.add(member)
        try:
            await self._relay(member, members, reader)
        finally:
            members.discard(member)
            if not members and self._topics.get(topic) is members:
                del self._topics[topic]
        await self._part(reader, writer)

    async def _relay(self, member: Member, members: set[Member], reader: asyncio.StreamReader) -> None:
        frames, pinged = Reader(), False
        while True:
            try:
                async with asyncio.timeout(self._limits.idle_s):
                    data = await reader.read(READ_BYTES)
            except TimeoutError:
                if pinged:
                    return
                pinged = True
                member.send(frame(Kind.PING))
                continue
            if not data:
                return
            pinged = False
            try:
                messages = frames.feed(data)
            except Violation as violation:
                member.close(violation.code)
                return
            for kind, payload in messages:
                if kind is Kind.CLOSE:
                    member.close(_answer_to(payload))
                    return
                if kind is Kind.PING:
                    member.send(frame(Kind.PONG, payload))
                elif kind is not Kind.PONG:
                    _pass_on(frame(kind, payload), member, members)

    async def _part(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Let the last bytes go, and hear the other side out: a reset would take from him what he has not read yet."""
        with contextlib.suppress(TimeoutError, OSError):
            async with asyncio.timeout(self._limits.parting_s):
                writer.write_eof()
                while await reader.read(READ_BYTES):
                    pass


def _pass_on(whole: bytes, sender: Member, members: set[Member]) -> None:
    if not sender.closed:
        for other in members - {sender}:
            other.send(whole)


def parse(head: bytes) -> tuple[str, bytes, str]:
    """Read a handshake (RFC 6455, section 4.2.1): topic, key, and the word of Authorization. Raises Refused."""
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise Refused(HTTPStatus.BAD_REQUEST)
    if words[0] != "GET":
        raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "Allow: GET")
    headers = {name.strip().lower(): value.strip() for name, colon, value in (line.partition(":") for line in lines[1:]) if colon}
    if headers.get("upgrade", "").lower() != "websocket" or "upgrade" not in headers.get("connection", "").lower():
        raise Refused(HTTPStatus.UPGRADE_REQUIRED, "Upgrade: websocket")
    if headers.get("sec-websocket-version") != "13":
        raise Refused(HTTPStatus.UPGRADE_REQUIRED, "Upgrade: websocket", "Sec-WebSocket-Version: 13")
    key = headers.get("sec-websocket-key", "")
    try:
        if len(base64.b64decode(key, validate=True)) != 16:
            raise Refused(HTTPStatus.BAD_REQUEST)
    except binascii.Error:
        raise Refused(HTTPStatus.BAD_REQUEST) from None
    topic = parse_qs(words[1].partition("?")[2], keep_blank_values=True).get("topic", [""])[0]
    return topic, key.encode("latin-1"), headers.get("authorization", "")


def _answer(status: HTTPStatus, *headers: str) -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status.value} {status.phrase}", *headers, "", "")).encode()


def _answer_to(payload: bytes) -> int:
    """Give the code to answer a close frame with: its own, where it is one that may be sent."""
    code = int.from_bytes(payload[:2])
    return code if 1000 <= code < 1004 or 1007 <= code < 1015 or 3000 <= code < 5000 else 1000  # section 7.4
