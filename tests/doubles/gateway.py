"""Doubles of what the doors stand before: a gateway and a control that record and answer as told, and accounts."""

import time
from concurrent.futures import Future
from dataclasses import replace as changed

from otppi.domain import replies, requests
from otppi.domain.ports import ApiUser


def settled(value):
    """Give a future that is done; an exception is raised by it."""
    future = Future()
    if isinstance(value, BaseException):
        future.set_exception(value)
    else:
        future.set_result(value)
    return future


def obliging(request):
    """Answer as a gateway with nothing behind it."""
    if isinstance(request, requests.Echo):
        return replies.echo(request)
    return replies.Reply(request.command, replies.OK)


class RecordingGateway:
    """Keeps every request and origin; ``answer`` gives a Reply, an exception, or a Future to hold it open."""

    def __init__(self, answer=obliging):
        self.answer = answer
        self.requests = []
        self.origins = []

    def submit(self, request, origin):
        self.requests.append(request)
        self.origins.append(origin)
        answer = self.answer(request)
        return answer if isinstance(answer, Future) else settled(answer)


class HeldGateway(RecordingGateway):
    """Holds every request but ``echo`` until the test lets it go; ``arrived`` fires for each one."""

    def __init__(self, arrived):
        super().__init__(self._hold)
        self.arrived = arrived
        self.held = []

    def _hold(self, request):
        if isinstance(request, requests.Echo):
            return obliging(request)
        future = Future()
        self.held.append((request, future))
        self.arrived.release()
        return future

    def let_go(self):
        for request, future in self.held:
            future.set_result(obliging(request))
        self.held = []


class SnapshotAccounts:
    """Accounts as the doors see them."""

    def __init__(self, *users):
        self.users = {user.name: user for user in users}
        self.upgrades = []
        self.changes = 0

    def api_user(self, name):
        return self.users.get(name)

    def version(self):
        return self.changes

    def upgrade(self, name, old_record, password):
        self.upgrades.append((name, old_record, password.reveal()))

    def change(self, name, **fields):
        self.users[name] = changed(self.users[name], **fields)
        self.changes += 1


class RecordingControl:
    """Keeps every order; ``answer`` gives a result, an exception or a Future."""

    def __init__(self, answer=lambda name, arguments: {"done": name}):
        self.answer = answer
        self.orders = []
        self.state = (True, "Everything works.")

    def do(self, name, arguments, who):
        self.orders.append((name, arguments, who))
        answer = self.answer(name, arguments)
        return answer if isinstance(answer, Future) else settled(answer)

    def ready(self):
        return self.state


class HandClock:
    """Time that moves when the test says so. The wall clock is the machine's, and can be made implausible."""

    def __init__(self):
        self.now = 1000.0
        self.plausible = True

    def wall(self):
        return time.time()

    def wall_is_plausible(self):
        return self.plausible

    def monotonic(self):
        return self.now


def user(name, record, **fields):
    return ApiUser(name=name, record=record, **fields)
