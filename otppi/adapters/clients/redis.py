"""Redis: pub/sub, or with ``?mode=stream`` streams whose entries hold the field ``payload``."""

import contextlib
import time
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from otppi.adapters.clients.trouble import encryption, refused, silent, translated
from otppi.config.door import Callback, Door
from otppi.config.kinds import did_you_mean
from otppi.domain.errors import Mistake, NotDone

FIELD = b"payload"
MODES = ("pubsub", "stream")


class RedisClient:
    """Implements Client for ``redis(s)://``."""

    answers = False

    def __init__(self, door: Door) -> None:
        self._door = door
        mode = door.options.get("mode", MODES[0])
        if mode not in MODES:
            raise Mistake(f"mode must be pubsub or stream{did_you_mean(mode, MODES) or '.'}")
        self._stream = mode == "stream"
        self._callback: Callback | None = None
        self._heard: Any = None
        self._last = b"0-0"
        self._lost = False
        with translated(door):
            encryption(door)  # tells what is wrong with the authorities' file
        self._redis: Any = redis.Redis(
            host=door.host, port=door.port, db=int(door.named()) if door.named().isdecimal() else 0, username=door.username or None,
            password=door.password.reveal() or None, socket_timeout=door.connect_s, socket_connect_timeout=door.connect_s,
            retry=Retry(NoBackoff(), 0), protocol=2, ssl=door.tls.enabled, ssl_ca_certs=door.tls.ca_file or None,
            ssl_cert_reqs="required" if door.tls.verify else "none", ssl_check_hostname=door.tls.verify)
        try:
            with self._translated():
                self._redis.ping()
        except NotDone:
            self.close()
            raise

    def listen(self, callback: Callback) -> None:
        """SUBSCRIBE, or note where the stream of replies ends now."""
        self._callback = callback
        with self._translated():
            if self._stream:
                newest = self._redis.xrevrange(callback.topic, count=1)
                self._last = newest[0][0] if newest else self._last
                return
            self._heard = self._redis.pubsub()
            self._heard.subscribe(callback.topic)
            if not self._heard.get_message(timeout=self._door.connect_s):
                raise NotDone(f"{self._door.place} did not answer in time.")

    def publish(self, payload: bytes) -> str:
        """XADD, or PUBLISH to at least one subscriber."""
        topic = self._door.topic
        with self._translated():
            try:
                if self._stream:
                    self._redis.xadd(topic, {FIELD: payload})
                    return f"The request is in the stream {topic}."
                count = self._redis.publish(topic, payload)
            except redis.TimeoutError:
                self._lost = True
                raise silent(self._door) from None
        if not count:
            raise NotDone(f"Nobody subscribes to {topic} at {self._door.place}, so the request is lost.")
        return f"{count} subscriber{'s' if count > 1 else ''} got the request by the topic {topic}."

    def receive(self, limit_s: float) -> bytes | None:
        """Give the next reply."""
        end = time.monotonic() + limit_s
        with self._translated():
            while (left := end - time.monotonic()) > 0:
                found = self._read(left) if self._stream else self._hear(left)
                if found is not None:
                    return found
        return None

    def _read(self, left: float) -> bytes | None:
        pause = min(left, self._door.connect_s / 2)  # the socket's own limit must not pass first
        found = self._redis.xread({self._callback.topic if self._callback else "": self._last}, count=1, block=max(1, int(pause * 1000)))
        if not found:
            return None
        self._last, fields = found[0][1][0]
        return bytes(fields.get(FIELD, b""))

    def _hear(self, left: float) -> bytes | None:
        message = self._heard.get_message(ignore_subscribe_messages=True, timeout=left)
        return bytes(message["data"]) if message else None

    def close(self) -> None:
        """Hang up; a stream made for one reply goes."""
        with contextlib.suppress(redis.RedisError, OSError):
            if self._stream and not self._lost and self._callback is not None and self._callback.fresh:
                self._redis.delete(self._callback.topic)
        if self._heard is not None:
            self._heard.close()
        self._redis.close()

    @contextlib.contextmanager
    def _translated(self) -> Any:
        with translated(self._door, redis.RedisError):
            try:
                yield
            except redis.AuthenticationError:
                raise refused(self._door) from None
            except (redis.ConnectionError, redis.TimeoutError):
                self._lost = True
                raise
            except redis.ResponseError as error:
                if str(error).startswith("NOAUTH"):
                    raise NotDone(f"{self._door.place} wants a user name and a password.") from None
                raise NotDone(f"{self._door.place} refused the request: its topic is of another type, or this user may not use it.") from error
