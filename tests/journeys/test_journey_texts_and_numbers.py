"""Every text arrives as it was sent, and nothing that a client writes reaches the AT line (S13, R1)."""

import pytest

TO = "08126666666"
WHOLE = [
    "plain",
    "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà",
    "[brackets] {braces} ~^\\| €",
    "emoji 👍🏽 👩‍👩‍👧 of many parts",
    "日本語のメッセージ",
    "العربية",
    "x" * 160,
    "x" * 161,
    "three parts " + "0123456789" * 40,
    "three parts of wide letters " + "ж" * 150,
    "👍" * 100,
    "€" * 150,
    "line one\nline two\r\nline three",
    " spaces around ",
]
HARMLESS = [
    'quote " comma , semicolon ; AT+CMGD=1,4',
    "\r\nAT+CMGD=1,4\r\n",
    "ctrl-z \x1a AT+CFUN=0\r",
    "escape \x1b out",
    "\x1a\x1a\x1a",
    "null \x00 and bell \x07",
    "+CMGS: 7\r\nOK\r\n",
    "backspace \b\b\b tab \t",
]
NO_NUMBERS = [
    "", " ", "+", "0", "123", "1234567", "1" * 16, "0812-CALL-ME", "08126666666;AT+CFUN=0", '08126666666"', "08126666666\r\nAT+CMGD=1,4\r", "\x1a",
    "08126666666\x1a", "0812666,145", "*888#", "٠٨١٢٦٦٦٦٦٦٦", "+000000000000", "08126666666 " * 100, "a@b", "tel:+628126666666", "+62812+6666666",
]
SAME_NUMBER = ["08126666666", "+628126666666", "628126666666", "00628126666666", "+62 812-666 66.66", "(0812) 666/6666", " 08126666666\t"]


@pytest.fixture
def _only_what_we_say(network):
    """The modem has seen nothing but what sending takes: no command of a client's."""
    before = len(network.commands())
    yield
    for line in network.commands()[before:]:
        assert line.upper().startswith(("AT+CMGS=", "AT+CSQ")), line


@pytest.mark.parametrize("text", WHOLE, ids=range(len(WHOLE)))
def test_a_text_arrives_as_it_was_sent(service, arrivals, text):
    reply = service.post("send-sms", receiver=TO, message=text)
    assert reply["response_code"] == "0000"
    [message] = arrivals.messages(1)
    assert message["text"] == text
    assert reply["data"]["parts"] == {"sent": message["parts"], "total": message["parts"]}
    assert len(reply["data"]["reference"]) == message["parts"] == len(arrivals.submits(message["parts"]))


@pytest.mark.usefixtures("_only_what_we_say")
@pytest.mark.parametrize("text", HARMLESS, ids=range(len(HARMLESS)))
def test_a_text_cannot_speak_to_the_modem(service, arrivals, text):
    reply = service.post("send-sms", receiver=TO, message=text)
    assert reply["response_code"] == "0000"
    [message] = arrivals.messages(1)
    assert message["text"] == text


@pytest.mark.usefixtures("_only_what_we_say")
@pytest.mark.parametrize("receiver", NO_NUMBERS, ids=range(len(NO_NUMBERS)))
def test_what_is_no_number_is_refused_and_never_reaches_the_modem(service, arrivals, receiver):
    for command, more in (("send-sms", {}), ("request-otp", {"reference": "nonsense"})):
        if "@" in receiver and command == "request-otp":
            continue  # an address: mail
        reply = service.post(command, receiver=receiver, message="%s", **more)
        assert reply["response_code"] == "1102"
        assert reply["error"].endswith(".")
    assert arrivals.submits() == []


@pytest.mark.parametrize("receiver", SAME_NUMBER)
def test_a_number_is_understood_in_every_usual_writing(service, arrivals, receiver):
    assert service.post("send-sms", receiver=receiver, message="hi")["response_code"] == "0000"
    assert arrivals.messages(1)[0]["to"] == "628126666666"


def test_a_text_of_ten_thousand_letters_is_refused_in_a_sentence_that_counts(service, arrivals):
    reply = service.post("send-sms", receiver=TO, message="x" * 10_000)
    assert reply["response_code"] == "1102"
    assert reply["error"] == "data.message would take 66 SMS; at most 10 are allowed."
    assert service.post("request-otp", receiver=TO, message="x" * 10_000 + "%s", reference="long")["response_code"] == "1102"
    assert arrivals.submits() == []


def test_ten_parts_pass_and_eleven_do_not(service, arrivals):
    assert service.post("send-sms", receiver=TO, message="y" * 1530)["data"]["parts"] == {"sent": 10, "total": 10}
    assert service.post("send-sms", receiver=TO, message="y" * 1531)["response_code"] == "1102"
    [message] = arrivals.messages(1)
    assert message["text"] == "y" * 1530


def test_a_flash_message_is_one(service, arrivals):
    service.post("send-sms", receiver=TO, message="now", flash=True)
    assert arrivals.messages(1)[0]["flash"] is True


def test_half_a_character_is_refused_before_anything_is_sent(service, arrivals):
    response = service.send(b'{"command": "send-sms", "data": {"receiver": "08126666666", "message": "\\ud83d"}}')
    assert (response.status_code, response.json()["response_code"]) == (400, "1102")
    assert arrivals.submits() == []
