"""The section ``webhooks``: what it takes, refuses and shows."""

import pytest

from otppi.config.sections import SECTIONS
from otppi.config.webhooks import MOST, Webhook
from otppi.domain.secret import Secret

SECTION = SECTIONS["webhooks"]
URL = "https://shop:pa55@example.com/in/sms?key=T0KEN&room=7&flag"
SHOWN = "https://shop:***@example.com/in/sms?key=***&room=***&***"


def hook(**keys):
    return {"id": "shop", "url": "https://example.com/events", "secret": "s3cret"} | keys


def read(*hooks, old=None):
    problems = []
    return SECTION.read(list(hooks), problems, old), {path.removeprefix("settings/webhooks: "): said for path, said in problems}


def test_id_address_and_secret_are_enough_and_it_is_told_everything():
    (made,), problems = read(hook())
    assert not problems
    assert made == Webhook(id="shop", url="https://example.com/events", secret=Secret("s3cret"))
    assert SECTION.to_json((made,), masked=True) == [{"id": "shop", "url": "https://example.com/events", "events": [], "secret": {"secret": "set"},
                                                      "active": True, "ca_file": "", "verify": True}]


def test_everything_that_is_wrong_is_told_at_once():
    made, problems = read(hook(id="a b", url="ftp://example.com", events=["sms.recieved", "modem.state"], secret=7, actve=False, ca_file="ca.pem"), hook(secret=None))
    assert made is None
    assert problems["[a b].id"].startswith("must be 1 to 64 letters")
    assert problems["[a b].url"] == "must be an http or https address with a host, such as https://example.com/events."
    assert problems["[a b].events"].startswith("entry 1 must be one of message.sent, ")
    assert problems["[a b].events"].endswith('did you mean "sms.received"?')
    assert problems["[a b].actve"] == 'is not known; did you mean "active"?'
    assert problems["[a b].ca_file"] == "must be an absolute path."
    assert problems["[shop].secret"] == "must not be empty; the receiver knows by it that an event comes from here."
    assert "[a b].secret" in problems


@pytest.mark.parametrize("url", ["", "example.com", "//example.com/", "https://", "https:///path", "https://host:0/", "https://host:65536/", "https://[::1/",
                                 "https://ho st/", "https://host/a\nb", "https://höst/", "https://host/#part", "https://host/?key=***", 7, None])
def test_an_address_that_nothing_can_be_posted_to_is_refused(url):
    assert read(hook(url=url))[0] is None


@pytest.mark.parametrize("url, place", [
    ("http://example.com", "example.com:80"), ("https://EXAMPLE.com:8443/a?b", "example.com:8443"), ("http://[::1]:81/", "[::1]:81"), (URL, "example.com:443"),
])
def test_of_an_address_only_host_and_port_are_named(url, place):
    (made,), problems = read(hook(url=url))
    assert (made.place, problems) == (place, {})


def test_no_credentials_are_shown_and_what_is_shown_keeps_them():
    (made,), _ = read(hook(url=URL))
    assert "pa55" not in repr(made)
    assert "T0KEN" not in repr(made)
    [shown] = SECTION.to_json((made,), masked=True)
    assert shown["url"] == SHOWN
    assert SECTION.to_json((made,), masked=False)[0]["url"] == URL
    again, problems = read({**shown, "active": False}, old=(made,))
    assert (again[0].url, again[0].secret, problems) == (URL, Secret("s3cret"), {})
    _, problems = read({**shown, "url": SHOWN.replace("/in", "/out")}, old=(made,))
    assert problems == {"[shop].url": "shows *** in place of what is hidden; write the whole address."}
    (other,), _ = read({**shown, "url": "http://example.com/"}, old=(made,))
    assert other.url == "http://example.com/"


def test_there_is_an_end_to_how_many():
    many = [hook(id=f"hook{number}") for number in range(MOST + 1)]
    assert read(*many[1:])[1] == {}
    assert read(*many)[0] is None
    assert read(hook(), hook())[1] == {"[shop].id": "is there twice; give each its own."}
