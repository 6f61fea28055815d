"""The table of operations: arguments are checked, targets are named without numbers."""

import pytest

from otppi.domain.errors import Mistake
from otppi.domain.operations import OPERATIONS, check, target


@pytest.mark.parametrize("name,arguments", [
    ("status", {}), ("route", {"number": "1"}), ("user.add", {"kind": "api", "name": "x", "password": "y"}),
    ("user.add", {"kind": "api", "name": "x", "password": "y", "email": "", "phone": "", "commands": []}), ("blocklist.list", {}), ("blocklist.list", {"search": "1"}),
])
def test_an_operation_with_its_arguments_is_given(name, arguments):
    assert check(name, arguments) is OPERATIONS[name]


@pytest.mark.parametrize("name,arguments,sentence", [
    ("fly", {}, "There is no such operation."), ("", {}, "There is no such operation."), ("route", {}, 'The operation needs "number".'),
    ("user.add", {"kind": "api", "name": "x"}, 'The operation needs "password".'), ("status", {"verbose": True}, 'The operation does not know "verbose".'),
    ("blocklist.list", {"search?": "x"}, 'The operation does not know "search?".'),
])
def test_what_does_not_fit_is_named(name, arguments, sentence):
    with pytest.raises(Mistake) as caught:
        check(name, arguments)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("name,arguments,shown", [
    ("user.add", {"kind": "api", "name": "app", "password": "secret password"}, "api app"),
    ("settings.set", {"section": "sms", "value": {"x": "secret"}}, "sms"),
    ("modem.tool", {"modem": "m1", "tool": "sim-enable", "arguments": {"pin": "1234"}}, "m1 sim-enable"),
    ("blocklist.add", {"numbers": ["628126666666", "62812*"]}, "2 numbers: 628126666XXX, 628XXX"),
    ("blocklist.add", {"numbers": ["628126666666"] * 5}, "5 numbers: " + ", ".join(["628126666XXX"] * 3)),
    ("blocklist.import", {"entries": [{"pattern": "628126666666"}]}, "1 numbers"),
    ("blocklist.import", {"entries": []}, "0 numbers"),
    ("inbox.reply", {"id": "06H0NE8CKQUHIVE4LJ0CJJ2FI8", "text": "secret"}, "06H0NE8CKQUHIVE4LJ0CJJ2FI8"),
    ("inbox.delete", {"ids": ["06H0NE8CKQUHIVE4LJ0CJJ2FI8", "628126666666"]}, "2 messages: 06H0NE8CKQUHIVE4LJ0CJJ2FI8, 628126666XXX"),
])
def test_the_audit_trail_names_what_changed_without_secrets_and_whole_numbers(name, arguments, shown):
    assert target(OPERATIONS[name], arguments) == shown


def test_every_operation_that_changes_something_and_only_those_can_be_audited():
    for name, operation in OPERATIONS.items():
        assert operation.changes or not operation.target, name
        assert operation.owner, name
        if operation.target:
            assert operation.target in operation.arguments, name
