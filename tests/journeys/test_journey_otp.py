"""One-time passwords on the real service: guesses, expiry, references, many clients at once (O1-O3)."""

import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from doubles.service import PASSWORD, until

TO = "08126666666"
NETWORK = {"count": 2, "latency_ms": 20}


def create(service, reference, **data):
    return service.post("request-otp", **{"receiver": TO, "message": "Code %s", "reference": reference, **data})


def verify(service, reference, code, **data):
    return service.post("verify-otp", **{"receiver": TO, "otp": code, "reference": reference, **data})["response_code"]


def wrong(code):
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_a_code_has_six_digits_and_works_once(service, arrivals):
    assert create(service, "once")["response_code"] == "0000"
    [message] = arrivals.messages(1)
    assert re.fullmatch(r"Code \d{6}", message["text"])
    assert verify(service, "once", arrivals.code()) == "0000"
    assert verify(service, "once", arrivals.code()) == "1202"
    assert create(service, "once")["response_code"] == "0000"


def test_the_length_of_codes_follows_the_settings_at_once(service, arrivals):
    service.do("settings.set", section="otp", value={"length": 8})
    try:
        create(service, "eight")
    finally:
        service.do("settings.set", section="otp", value={})
    assert re.fullmatch(r"Code \d{8}", arrivals.messages(1)[0]["text"])
    assert verify(service, "eight", arrivals.code()) == "0000"


def test_a_code_is_bound_to_the_receiver_however_the_number_is_written(service, arrivals):
    create(service, "writings")
    assert verify(service, "writings", arrivals.code(), receiver="08126666667") == "1202"
    assert verify(service, "writings", arrivals.code(), receiver="+62 812-6666-666") == "0000"


def test_a_reference_in_use_is_1201_and_nothing_is_sent(service, arrivals):
    assert create(service, "in use")["response_code"] == "0000"
    reply = create(service, "in use", receiver="08129999999")
    assert reply["response_code"] == "1201"
    assert reply["data"] == {"receiver": "08129999999", "reference": "in use"}
    assert len(arrivals.messages(1)) == 1
    assert verify(service, "in use", arrivals.code()) == "0000"


def test_five_wrong_guesses_of_code_receiver_or_parameters_kill_the_code_and_hold_its_reference(service, arrivals):
    create(service, "dead", param1="a")
    code = arrivals.code()
    assert verify(service, "dead", wrong(code), param1="a") == "1202"
    assert verify(service, "dead", code, param1="b") == "1202"
    assert verify(service, "dead", code, param1="a", receiver="08127777777") == "1202"
    assert verify(service, "dead", code, param1="a", param4="x") == "1202"
    assert verify(service, "dead", "", param1="a") == "1202"
    assert verify(service, "dead", code, param1="a") == "1202"
    assert create(service, "dead")["response_code"] == "1201"


def test_four_wrong_guesses_leave_the_code_alive(service, arrivals):
    create(service, "four")
    for _ in range(4):
        assert verify(service, "four", wrong(arrivals.code())) == "1202"
    assert verify(service, "four", arrivals.code()) == "0000"


def test_an_expired_code_is_1203_and_frees_its_reference_and_an_unknown_one_is_1202(service, arrivals):
    soon = time.time() + 1
    assert create(service, "expires", expiration=soon)["response_code"] == "0000"
    code = arrivals.code()
    assert until(lambda: (said := verify(service, "expires", code, receiver="08121111111")) != "1202" and said, limit_s=5) == "1203"
    assert time.time() >= soon
    assert verify(service, "expires", code) == "1203"
    assert create(service, "expires")["response_code"] == "0000"
    assert verify(service, "never made", code) == "1202"


@pytest.mark.parametrize("message", ["no place", "%s and %s", "100% %s", "%d", "%", "%%s", ""])
def test_a_message_without_exactly_one_place_for_the_code_is_refused(service, arrivals, message):
    reply = create(service, "template", message=message)
    assert reply["response_code"] == "1102"
    assert reply["error"].endswith(".")
    assert arrivals.messages() == []


def test_two_percent_signs_are_one(service, arrivals):
    assert create(service, "percent", message="100%% sure: %s")["response_code"] == "0000"
    assert re.fullmatch(r"100% sure: \d{6}", arrivals.messages(1)[0]["text"])


def test_a_request_without_a_reference_is_refused(service, arrivals):
    assert create(service, "")["response_code"] == "1102"
    assert arrivals.messages() == []


def test_a_code_that_was_refused_by_the_network_leaves_its_reference_free(service, network, arrivals):
    network.fault("cms", code=28)
    assert create(service, "refused")["response_code"] == "1102"
    assert create(service, "refused")["response_code"] == "0000"
    assert len(arrivals.messages(1)) == 1
    assert verify(service, "refused", arrivals.code()) == "0000"


def test_a_code_of_unknown_fate_can_be_verified_when_it_arrived_after_all(service, network, arrivals):
    network.fault("cms", code=500, received=True)
    reply = create(service, "unknown")
    assert reply["response_code"] == "1111"
    assert reply["data"]["status"] == "unknown"
    assert create(service, "unknown")["response_code"] == "1201"
    assert verify(service, "unknown", arrivals.code()) == "0000"
    assert len(arrivals.messages()) == 1


def test_of_five_hundred_requests_for_one_reference_at_once_exactly_one_sends(service, arrivals):
    body = {"command": "request-otp", "data": {"receiver": TO, "message": "Race %s", "reference": "race"}}

    def post(_):
        while (response := requests.post(service.api + "/api/otp", json=body, auth=("shop", PASSWORD), timeout=30)).status_code == 503:
            assert int(response.headers["Retry-After"]) > 0
            refused.append(response)
        return response.json()["response_code"]

    refused = []
    with ThreadPoolExecutor(50) as clients:
        codes = Counter(clients.map(post, range(500)))

    assert codes == {"0000": 1, "1201": 499}
    assert len(arrivals.messages(1)) == 1
    assert verify(service, "race", arrivals.code()) == "0000"


def test_of_many_verifications_of_one_code_at_once_exactly_one_succeeds(service, arrivals):
    service.do("settings.set", section="otp", value={"max_attempts": 100})
    try:
        create(service, "verified at once")
        code = arrivals.code()
        body = {"command": "verify-otp", "data": {"receiver": TO, "otp": code, "reference": "verified at once"}}
        post = lambda _: requests.post(service.api + "/api/otp", json=body, auth=("shop", PASSWORD), timeout=30).json()["response_code"]  # noqa: E731
        with ThreadPoolExecutor(20) as clients:
            codes = Counter(clients.map(post, range(60)))
    finally:
        service.do("settings.set", section="otp", value={})
    assert codes == {"0000": 1, "1202": 59}
