"""All webhooks together: who wants which event, what is kept of it on disk, what may be posted next, and how each one stands.

An event is one sealed file that names the webhooks which have yet to take it; it is written before it counts as accepted and
removed after the last of them. So an event that was on its way when the process died is posted again, under its old id.
"""

import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from otppi.domain.errors import StoreError
from otppi.domain.hook_queue import NEVER, HookQueue
from otppi.domain.job import new_id
from otppi.domain.messages.receiving import Happened
from otppi.domain.ports import Spool
from otppi.domain.webhooks import Answer, Event, Hook, Post, body, named, post

AT_A_TIME = 2
"""Posts on their way, of all webhooks together."""
ALARM_S = 3600.0
"""A webhook that fails for so long is an alarm."""
MOST_DONE = 1000
"""Events with a key of which it is known that they were told; the inbox raises those of two days again at its start."""
SHOW_GIVEN_UP_S = 86_400.0
"""For which an alarm tells of events that were given up."""


@dataclass(slots=True)
class _Held:
    hook: Hook
    since: float
    queue: HookQueue = field(default_factory=HookQueue)
    last_ticket: int = 0
    off: bool = False
    error: str = ""
    status: int = 0
    failing_from: float = NEVER
    gave_up_at: float = -NEVER
    gave_up: int = 0
    """Since the alarm about it began."""
    alarmed_since: float = 0.0

    def wants(self, event: str) -> bool:
        return not self.off and (not self.hook.events or event in self.hook.events)

    @property
    def state(self) -> str:
        return "off" if self.off else "failing" if self.queue.failures else "ready"


class WebhookDesk:
    """Not for several threads. ``forwarded`` is told of the key of each event that nobody needs to be told of any more.

    ``now`` is in monotonic, ``wall`` in unix seconds; ``luck`` gives a random number from 0 to 1.
    """

    def __init__(self, spool: Spool, forwarded: Callable[[str], object], luck: Callable[[], float]) -> None:
        self._spool, self._forwarded, self._luck = spool, forwarded, luck
        self._known: dict[str, Hook] = {}
        self._held: dict[str, _Held] = {}
        self._left: dict[str, set[str]] = {}  # who has yet to take an event
        self._done: dict[str, None] = {}  # ids of events with a key that this life is done with, oldest first
        self._flying: dict[int, str] = {}
        self._tickets = itertools.count(1)
        self.trouble = ""
        """Why the last event could not be kept on disk; empty when it could."""

    # what comes in

    def configure(self, hooks: Iterable[Hook], wall: float) -> list[str]:
        """Take the webhooks that there are from now on; gives those that are driven no more. One that changed begins anew."""
        self._known = {hook.id: hook for hook in hooks}
        active = {hook.id: hook for hook in self._known.values() if hook.active}
        gone = [name for name in self._held if name not in active]
        for name in gone:
            self._land(name)
            self._release(name, self._held.pop(name).queue.clear())
        for name, hook in active.items():
            held = self._held.get(name)
            if held is None:
                self._held[name] = _Held(hook, wall)
            elif held.hook != hook:
                self._land(name)
                held.queue.mend()
                held.hook, held.since, held.off, held.error, held.status, held.failing_from = hook, wall, False, "", 0, NEVER
        return gone

    def recover(self, now: float, wall: float) -> int:
        """Go on with what an earlier life kept; gives how many events cannot be read, as their key went with the power."""
        lost, found = 0, []
        try:
            for event_id, raw in self._spool.kept():
                if event_id in self._left:
                    continue  # raised again before this
                record = _read(event_id, raw)
                if record is None:
                    lost += 1
                    self._drop(event_id)
                else:
                    found.append(record)
        except StoreError as error:
            self.trouble = str(error)
        for event, left in sorted(found, key=lambda record: record[0].born):
            self._left[event.id] = set(left)
            for name in left:
                held = self._held.get(name)
                if held is None or held.off:
                    self._release(name, [event])
                else:
                    self._give_up(held, held.queue.add(event, now, wall - event.born), now)
        return lost

    def take(self, happened: Happened, now: float, wall: float) -> bool:
        """Accept an event for whoever wants it, and tell whether there is anything new to do. One that waits already is the same one."""
        wanting = [held for held in self._held.values() if held.wants(happened.event)]
        if not wanting:
            self._settled(happened.key)
            return False
        event_id = named(happened.key) if happened.key else new_id(wall)
        if event_id in self._left:
            return False
        if event_id in self._done:  # told before whoever raises it had heard so
            self._settled(happened.key)
            return False
        event = Event(event_id, body(event_id, happened.event, happened.at, happened.data), wall, happened.key)
        self._left[event_id] = {held.hook.id for held in wanting}
        self._keep(event)
        for held in wanting:
            self._give_up(held, held.queue.add(event, now), now)
        return True

    # what goes out

    def posts(self, now: float, wall: float) -> Iterator[tuple[int, Post]]:
        """Give each post that is due, with its ticket; webhooks take turns."""
        for held in self._held.values():
            self._give_up(held, held.queue.over(now), now)
        while len(self._flying) < AT_A_TIME:
            for name, held in sorted(self._held.items(), key=lambda item: item[1].last_ticket):
                if (event := held.queue.next(now)) is not None:
                    ticket = next(self._tickets)
                    self._flying[ticket], held.last_ticket = name, ticket
                    yield ticket, post(held.hook, event, wall)
                    break
            else:
                return

    def settle(self, ticket: int, answer: Answer, now: float, wall: float) -> None:
        """Take how a post went; one of a webhook that changed meanwhile does not count."""
        name = self._flying.pop(ticket, "")
        if not name:
            return
        held = self._held[name]
        before = held.state
        done = held.queue.settle(answer, now, self._luck())
        held.status = answer.status
        if done is not None:
            held.failing_from = NEVER
            held.error = ""
            self._release(name, [done])
        else:
            held.error = answer.error or f"{held.hook.place} answered with status {answer.status}."
            if held.queue.failures:
                held.failing_from = min(held.failing_from, now)
        if answer.gone:
            held.off = True
            self._release(name, held.queue.clear())
        if held.state != before:
            held.since = wall

    def test(self, name: str, wall: float) -> Post | None:
        """Give the post of a test event, None when there is no such webhook; also of one that is not active."""
        hook = self._known.get(name)
        if hook is None:
            return None
        event_id = new_id(wall)
        return post(hook, Event(event_id, body(event_id, "test", wall, {}), wall), wall)

    def moment(self) -> float:
        """Give when something is due, in monotonic seconds; infinity for never."""
        free = len(self._flying) < AT_A_TIME
        moments = [held.queue.moment() if free else NEVER for held in self._held.values()]
        for held in self._held.values():
            if not held.alarmed_since:
                moments.append(held.failing_from + ALARM_S)
            if held.gave_up:
                moments.append(held.gave_up_at + SHOW_GIVEN_UP_S)
        return min(moments, default=NEVER)

    # how they stand

    def facts(self) -> dict[str, dict[str, Any]]:
        """Give how each active webhook stands, as JSON."""
        return {name: {
            "id": name, "host": held.hook.place, "state": held.state, "since": held.since, "waiting": len(held.queue), "delivered": held.queue.delivered,
            "failed": held.queue.failed, "given_up": held.queue.given_up, "last_error": held.error, "last_status": held.status,
        } for name, held in self._held.items()}

    def alarms(self, now: float, wall: float) -> dict[str, dict[str, Any] | None]:
        """Give for each active webhook what is to be told of it, None when all is well."""
        return {name: self._alarm(name, held, now, wall) for name, held in self._held.items()}

    def _alarm(self, name: str, held: _Held, now: float, wall: float) -> dict[str, Any] | None:
        if held.gave_up and now >= held.gave_up_at + SHOW_GIVEN_UP_S:
            held.gave_up = 0
        text = _words(held, now)
        held.alarmed_since = (held.alarmed_since or wall) if text else 0.0
        return {"source": f"webhook {name}", "what": "webhook", "text": text, "since": held.alarmed_since} if text else None

    # inside

    def _land(self, name: str) -> None:
        for ticket in [ticket for ticket, of in self._flying.items() if of == name]:
            del self._flying[ticket]

    def _give_up(self, held: _Held, events: list[Event], now: float) -> None:
        if events:
            held.gave_up += len(events)
            held.gave_up_at = now
            self._release(held.hook.id, events)

    def _release(self, name: str, events: Iterable[Event]) -> None:
        """Note that a webhook is done with events."""
        for event in events:
            left = self._left[event.id]
            left.discard(name)
            if left:
                self._keep(event)
            else:
                del self._left[event.id]
                self._drop(event.id)
                self._note_done(event)
                self._settled(event.key)

    def _note_done(self, event: Event) -> None:
        if event.key:
            self._done[event.id] = None
            if len(self._done) > MOST_DONE:
                del self._done[next(iter(self._done))]

    def _settled(self, key: str) -> None:
        if key:
            self._forwarded(key)

    def _keep(self, event: Event) -> None:
        record = {"body": event.body.decode(), "born": event.born, "key": event.key, "left": sorted(self._left[event.id])}
        try:
            self._spool.keep(event.id, json.dumps(record, ensure_ascii=False).encode())
        except StoreError as error:
            self.trouble = str(error)  # it waits in memory alone
        else:
            self.trouble = ""

    def _drop(self, event_id: str) -> None:
        try:
            self._spool.drop(event_id)
        except StoreError as error:
            self.trouble = str(error)  # the next life posts it once more, under the same id


def _words(held: _Held, now: float) -> str:
    place = held.hook.place
    if held.off:
        return f"{place} wants no events any more (status 410): the webhook is off until its settings change or the gateway starts anew."
    if now >= held.failing_from + ALARM_S:
        return f"{place} has taken no event for over an hour: {held.error}"
    if held.gave_up:
        return f"{place} was not told of {held.gave_up} events: they were given up, as they had waited for two days or were too many."
    return ""


def _read(event_id: str, raw: bytes | None) -> tuple[Event, list[str]] | None:
    if raw is None:
        return None
    try:
        record = json.loads(raw)
        return Event(event_id, str(record["body"]).encode(), float(record["born"]), str(record["key"])), [str(name) for name in record["left"]]
    except (ValueError, KeyError, TypeError):
        return None
