"""What clients may send: the seed's bodies, lenient values, and what is refused."""

import json

import pytest
from doubles import seed

from otppi.domain.errors import NotUnderstood
from otppi.domain.requests import (
    COMMANDS,
    MAX_VALIDITY_S,
    Block,
    Echo,
    GetMessageStatus,
    GetModemList,
    Misread,
    RequestOtp,
    RequestUssd,
    SendEmail,
    SendSms,
    VerifyOtp,
    parse,
)

CREATE, VALIDATE, SMS, EMAIL, BLOCK_WITH_COMMA, UNBLOCK_WITH_COMMA, MODEM_LIST, USSD = (
    body.encode() for body in (
        seed.CREATE, seed.VALIDATE, seed.SMS, seed.EMAIL, seed.BROKER_BLOCK, seed.BROKER_UNBLOCK, seed.MODEM_LIST, seed.USSD,
    )
)
PARAMS = ("100000", "1234567890", "987654", "674527846556468254")


def request(command, **data):
    return parse(json.dumps({"command": command, "data": data}).encode()).request


def test_the_seed_s_creation_of_an_otp_is_understood():
    found = parse(CREATE)
    assert found.request == RequestOtp(
        command="request-otp", receiver="08126666666", template="Your OTP is %s", reference="12345678901234567890", params=PARAMS, subject="",
        date_time=1629685778, expiration=1629685838, client_id=None,
        echoed={"date_time": 1629685778, "receiver": "08126666666", "reference": "12345678901234567890"},
    )
    assert (found.callback_topic, found.callback_delay) == ("", None)


def test_the_seed_s_validation_of_an_otp_is_understood():
    assert parse(VALIDATE).request == VerifyOtp(
        command="verify-otp", receiver="08126666666", code="123456", reference="12345678901234567890", params=PARAMS,
        echoed={"date_time": 1629685778, "receiver": "08126666666", "reference": "12345678901234567890"},
    )


def test_the_seed_s_sms_is_understood():
    assert parse(SMS).request == SendSms(
        command="send-sms", receiver="08126666666", text="Your OTP is 1234", date_time=1629685778, expiration=1629685838, client_id=123456,
        data=json.loads(SMS)["data"],
    )


@pytest.mark.parametrize("command", ["send-sms", "send-message"])
def test_a_text_keeps_its_data_as_they_were_sent_to_tell_a_repetition_from_another_request(command):
    data = {"receiver": 8126666666, "message": " hello ", "id": 1.5, "more": [None, {"of": "ours"}]}
    assert request(command, **data).data == data
    assert "hello" not in repr(request(command, **data))


@pytest.mark.parametrize("command", ["send-email", "send-mail"])
def test_the_seed_s_mail_is_understood_under_both_names(command):
    assert parse(EMAIL.replace(b"send-email", command.encode())).request == SendEmail(
        command=command, receiver="someone@example.com", subject="Your OTP Code", text="Your OTP is 1234",
        date_time=1629685778, expiration=1629685838, client_id=123456,
    )


@pytest.mark.parametrize("body", [BLOCK_WITH_COMMA, BLOCK_WITH_COMMA.replace(b"6666,", b"6666"), BLOCK_WITH_COMMA.replace(b"receiver", b"msisdn")])
def test_blocking_is_understood_with_a_trailing_comma_and_under_both_names_of_the_field(body):
    assert parse(body).request == Block("block-msisdn", "08126666666", on=True)


def test_unblocking_is_understood():
    assert parse(UNBLOCK_WITH_COMMA).request == Block("unblock-msisdn", "08126666666", on=False)


def test_blocking_needs_a_number():
    with pytest.raises(Misread, match=r"data\.receiver is missing"):
        request("block-msisdn", receiver=" ")


def test_the_modem_list_is_understood_with_its_callback():
    found = parse(MODEM_LIST)
    assert found.request == GetModemList("get-modem-list")
    assert (found.callback_topic, found.callback_delay) == ("random_topic", 50)


def test_ussd_is_understood_and_repeats_what_was_sent():
    found = parse(USSD)
    assert found.request == RequestUssd(
        command="request-ussd", modem_id="d740eb1f5e9799c2b50452ea5acf6054", ussd_code="*888#", cancel=False,
        echoed={"date_time": 1629685778, "modem_id": "d740eb1f5e9799c2b50452ea5acf6054", "ussd_code": "*888#"},
    )
    assert request("request-ussd", cancel=True).cancel


@pytest.mark.parametrize("receiver,kind", [("08126666666", SendSms), ("a@example.com", SendEmail), (628126666666, SendSms)])
def test_send_message_goes_by_the_receiver(receiver, kind):
    found = request("send-message", receiver=receiver, message="hello", subject="s")
    assert isinstance(found, kind)
    assert (found.command, found.receiver, found.text) == ("send-message", str(receiver), "hello")


def test_the_status_of_a_message_is_asked_by_its_id():
    assert request("get-message-status", id=" 06V ") == GetMessageStatus("get-message-status", "06V")


def test_echo_keeps_the_whole_body():
    body = {"command": "echo", "data": {"a": [1, None, {"b": 1.5}]}, "callback_topic": "t", "more": True}
    assert parse(json.dumps(body).encode()).request == Echo("echo", body)


def test_every_command_of_the_contract_is_known():
    assert set(COMMANDS) == {
        "request-otp", "verify-otp", "send-sms", "send-email", "send-mail", "send-message", "block-msisdn", "unblock-msisdn", "get-modem-list",
        "request-ussd", "echo", "get-message-status",
    }


def test_the_order_of_keys_does_not_matter():
    value = json.loads(SMS)
    assert parse(json.dumps({"data": dict(reversed(value["data"].items())), "command": value["command"]}).encode()) == parse(SMS)


# lenient values


@pytest.mark.parametrize("sent,read", [("50", 50), (50, 50), (" 50 ", 50), ("", None), (None, None), (0, 0), (-7, -7)])
def test_a_delay_is_read_from_a_number_and_from_a_text(sent, read):
    assert parse(json.dumps({"command": "echo", "data": {}, "callback_delay": sent}).encode()).callback_delay == read


@pytest.mark.parametrize("sent,seconds", [
    (1629685838, 1629685838), ("1629685838", 1629685838), (1629685838000, 1629685838), ("1629685838123", 1629685838.123), (1629685838.5, 1629685838.5),
    (0, None), ("0", None), ("", None), (None, None), (10**11, 10**11), (10**11 + 1, 100_000_000.001),
])
def test_an_expiration_is_in_seconds_milliseconds_are_recognised_and_nought_means_none(sent, seconds):
    assert request("send-sms", receiver="1", message="m", expiration=sent).expiration == seconds
    assert request("request-otp", receiver="1", reference="r", message="m", date_time=sent).date_time == seconds


@pytest.mark.parametrize("sent,read", [(123456, "123456"), (1.0, "1"), (1.5, "1.5"), (True, "true"), (False, "false"), (None, ""), (1e22, "10000000000000000000000")])
def test_a_number_does_for_a_text(sent, read):
    assert request("send-sms", receiver="0", message=sent).text == read
    assert request("verify-otp", reference="r", otp=sent).code == read


def test_a_number_does_for_a_reference_a_receiver_and_params():
    assert request("request-otp", receiver=8126666666, reference=42, param1=1, param2=2.0, param3=None, param4=" x ", message="%s") == RequestOtp(
        command="request-otp", receiver="8126666666", template="%s", reference="42", params=("1", "2", "", "x"), subject="",
        date_time=None, expiration=None, client_id=None, echoed={"receiver": 8126666666, "reference": 42},
    )


@pytest.mark.parametrize("command,sent", [
    *((command, sent) for command in ("request-otp", "verify-otp") for sent in (1629685778, "1629685778", 1629685778.25, None)), ("verify-otp", True),
])
def test_the_date_is_repeated_in_the_type_that_was_sent(command, sent):
    echoed = request(command, receiver="1", reference="r", message="%s", date_time=sent).echoed
    assert echoed["date_time"] == sent
    assert type(echoed["date_time"]) is type(sent)


@pytest.mark.parametrize("sent,read", [(True, True), ("true", True), ("1", True), (1, True), ("Yes", True), (False, False), ("false", False), ("", False), (None, False), (0, False)])
def test_a_flag_is_read_from_whatever_says_yes(sent, read):
    assert request("send-sms", receiver="1", message="m", flash=sent).flash is read


# what cannot be used


@pytest.mark.parametrize("command,data,sentence", [
    ("send-sms", {"message": []}, "data.message must be a text, not a list or an object."),
    ("send-sms", {"receiver": {}}, "data.receiver must be a text, not a list or an object."),
    ("send-sms", {"expiration": "soon"}, "data.expiration must be a number."),
    ("send-sms", {"expiration": True}, "data.expiration must be a number."),
    ("send-sms", {"expiration": [1]}, "data.expiration must be a number."),
    ("send-sms", {"expiration": "nan"}, "data.expiration must be a number."),
    ("send-sms", {"expiration": "1e400"}, "data.expiration must be a number."),
    ("send-sms", {"date_time": 10**400}, "data.date_time is too large."),
    ("send-sms", {"priority": "now"}, 'data.priority must be "otp", "single" or "bulk".'),
    ("send-sms", {"validity_s": 0}, "data.validity_s must be at least 1 second."),
    ("send-sms", {"validity_s": -5}, "data.validity_s must be at least 1 second."),
    ("send-sms", {"id": "x" * 201}, "data.id is longer than 200 characters."),
    ("send-email", {"id": "x" * 201}, "data.id is longer than 200 characters."),
    ("send-sms", {"id": {}}, "data.id must be a text, not a list or an object."),
    ("request-otp", {}, "data.reference is missing."),
    ("verify-otp", {"reference": "  "}, "data.reference is missing."),
    ("verify-otp", {"reference": "x" * 201}, "data.reference is longer than 200 characters."),
    ("verify-otp", {"reference": "r", "param3": []}, "data.param3 must be a text, not a list or an object."),
    ("request-ussd", {"ussd_code": []}, "data.ussd_code must be a text, not a list or an object."),
    ("get-message-status", {"id": []}, "data.id must be a text, not a list or an object."),
])
def test_a_value_of_the_wrong_shape_is_named_and_the_command_is_known(command, data, sentence):
    with pytest.raises(Misread) as caught:
        request(command, **data)
    assert str(caught.value) == sentence
    assert caught.value.command == command
    assert not isinstance(caught.value, NotUnderstood)


def test_what_an_otp_request_repeats_is_kept_when_it_is_misread():
    with pytest.raises(Misread) as caught:
        request("request-otp", receiver="0812", reference="r", date_time=5, message=[])
    assert caught.value.echoed == {"date_time": 5, "receiver": "0812", "reference": "r"}


def test_a_misread_request_still_says_where_its_reply_should_go():
    with pytest.raises(Misread) as caught:
        parse(b'{"command": "send-sms", "data": {"message": []}, "callback_topic": "t", "callback_delay": "50"}')
    assert (caught.value.callback_topic, caught.value.callback_delay) == ("t", 50)


@pytest.mark.parametrize("field,value,sentence", [
    ("callback_topic", [], "callback_topic must be a text, not a list or an object."), ("callback_delay", "soon", "callback_delay must be a number."),
])
def test_a_callback_of_the_wrong_shape_is_named(field, value, sentence):
    with pytest.raises(Misread) as caught:
        parse(json.dumps({"command": "echo", "data": {}, field: value}).encode())
    assert str(caught.value) == sentence


def test_a_longer_validity_than_the_network_keeps_is_cut():
    assert request("send-sms", receiver="1", message="m", validity_s=1e300).validity_s == MAX_VALIDITY_S
    assert request("send-sms", receiver="1", message="m", validity_s="600").validity_s == 600


@pytest.mark.parametrize("body", [
    b"", b" ", b"{", b"[]", b"null", b"1", b'"text"', b"{}", b'{"command": "echo"}', b'{"command": "echo", "data": []}', b'{"command": "echo", "data": null}',
    b'{"command": "fly", "data": {}}', b'{"command": ["echo"], "data": {}}', b'{"command": "", "data": {}}', b'{"data": {}}', b"\xff\xfe", b'{"command": "echo" "data": {}}',
])
def test_a_body_without_command_and_data_is_not_understood(body):
    with pytest.raises(NotUnderstood):
        parse(body)


def test_an_unknown_command_is_answered_with_the_known_ones():
    with pytest.raises(NotUnderstood, match=r"Known ones: .*request-otp.*get-message-status"):
        parse(b'{"command": "fly", "data": {}}')


@pytest.mark.parametrize("body", [CREATE, VALIDATE, SMS, EMAIL, BLOCK_WITH_COMMA, UNBLOCK_WITH_COMMA, USSD])
def test_no_repr_shows_receiver_text_code_or_params(body):
    shown = repr(parse(body)) + str(parse(body))
    for secret in ("08126666666", "8126666", "Your OTP", "123456'", "someone@", "100000", "987654", "674527846556468254", "*888#"):
        assert secret not in shown.replace("reference='12345678901234567890'", "")


def test_the_repr_of_an_echo_shows_nothing_of_its_body():
    assert "secret" not in repr(parse(b'{"command": "echo", "data": {"a": "secret"}}'))


def test_the_subject_of_an_otp_mail_is_not_shown_either():
    assert "Code 1234" not in repr(request("request-otp", reference="r", message="%s", subject="Code 1234"))
