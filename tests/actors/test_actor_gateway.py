"""The way in: each request goes to its owner, and exactly one reply comes into the future. And the administrators' way in."""

import pytest
from doubles.pump import Told

from actors.control import ActorControl
from actors.gateway import ActorGateway
from otppi.domain.errors import Mistake, NotDone
from otppi.domain.messages.asking import AskBlock, AskModems, AskOtp, AskVerify
from otppi.domain.messages.running import Operate, Record
from otppi.domain.messages.sending import AskSend
from otppi.domain.messages.writing import AskStatus
from otppi.domain.ports import Origin
from otppi.domain.replies import Reply
from otppi.domain.requests import read

ORIGIN = Origin("rest", "shop")
OWNERS = ("router", "otp_desk", "blocklist", "monitor")
DATA = {"receiver": "08126666666", "message": "%s", "reference": "r", "otp": "1", "id": "i"}


@pytest.fixture
def owners():
    return {name: Told() for name in OWNERS}


@pytest.fixture
def submit(owners):
    gateway = ActorGateway(**owners)
    return lambda command, **data: gateway.submit(read({"command": command, "data": {**DATA, **data}}).request, ORIGIN)


@pytest.mark.parametrize("command, owner, kind", [
    ("request-otp", "otp_desk", AskOtp), ("verify-otp", "otp_desk", AskVerify), ("send-sms", "router", AskSend), ("send-message", "router", AskSend),
    ("block-msisdn", "blocklist", AskBlock), ("unblock-msisdn", "blocklist", AskBlock), ("get-modem-list", "monitor", AskModems),
    ("get-message-status", "router", AskStatus)])
def test_a_request_goes_to_its_owner_alone_and_the_owners_reply_comes_back(owners, submit, command, owner, kind):
    future = submit(command)
    [message] = owners[owner]
    assert type(message) is kind
    assert sum(map(len, owners.values())) == 1
    assert not future.done()
    message.reply(Reply(command, "0000"))
    assert future.result(timeout=0).code == "0000"


@pytest.mark.parametrize("command, owner", [("send-sms", "router"), ("get-message-status", "router"), ("request-otp", "otp_desk")])
def test_the_owner_hears_whose_request_it_is(owners, submit, command, owner):
    submit(command)
    assert owners[owner][0].origin == ORIGIN


def test_a_second_reply_is_dropped_and_hurts_nobody(owners, submit):
    future = submit("send-sms")
    [message] = owners["router"]
    message.reply(Reply("send-sms", "0000"))
    message.reply(Reply("send-sms", "1102"))
    assert future.result(timeout=0).code == "0000"


def test_echo_is_answered_at_once(owners, submit):
    assert submit("echo").result(timeout=0).body() == {"command": "echo", "response_code": "0000", "data": DATA}


@pytest.mark.parametrize("command", ["send-email", "send-mail"])
def test_what_comes_later_is_refused_in_a_sentence(submit, command):
    reply = submit(command, receiver="a@example.org").result(timeout=0)
    assert reply.code == "1102"
    assert reply.error.startswith("This version of the gateway does not")
    assert reply.error.endswith(".")


# the administrators' way in


@pytest.fixture
def audit():
    return Told()


@pytest.fixture
def control(audit):
    return ActorControl({"accounts": Told(), "monitor": Told()}, audit, lambda: (True, "Ready."))


def order(control, operation, /, **arguments):
    future = control.do(operation, arguments, "cli:me")
    return future, control._owners["accounts"]


def test_a_change_is_in_the_trail_once_it_is_made_without_its_secrets(control, audit):
    future, accounts = order(control, "user.passwd", kind="api", name="shop", password="long enough")
    [operate] = accounts.take(Operate)
    assert "long enough" not in repr(operate)
    assert audit == []
    operate.done({"name": "shop"})
    assert future.result(timeout=0) == {"name": "shop"}
    assert audit == [Record("cli:me", "user.passwd", "api shop")]


def test_what_was_not_done_or_changes_nothing_is_not_in_the_trail(control, audit):
    future, accounts = order(control, "user.block", kind="api", name="nobody")
    accounts.take(Operate)[0].failed(Mistake("There is no such user."))
    with pytest.raises(Mistake):
        future.result(timeout=0)
    future, accounts = order(control, "user.list")
    accounts.take(Operate)[0].done([])
    assert future.result(timeout=0) == []
    assert audit == []


@pytest.mark.parametrize("name, arguments", [("fly", {}), ("user.block", {"kind": "api"}), ("user.list", {"all": True})])
def test_an_unknown_operation_or_argument_is_a_mistake(control, name, arguments):
    with pytest.raises(Mistake):
        control.do(name, arguments, "cli:me").result(timeout=0)


def test_before_all_parts_are_there_an_operation_is_told_to_come_back(control):
    with pytest.raises(NotDone, match="starting"):
        control.do("blocklist.list", {}, "cli:me").result(timeout=0)
