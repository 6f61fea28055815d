from threading import Semaphore

import pytest
from doubles.gateway import HeldGateway
from web.house import SIGNED, SMS, api, call, held_requests, order

from otppi.web import api as api_module
from otppi.web.server import HTTP, SPARE_THREADS


@pytest.fixture
def crowded(build):
    """Two requests wait for their outcome, and no more may."""
    def _crowded(**fields):
        house = build(gateway=HeldGateway(Semaphore(0)), waiting=2, **fields).open()
        return house, held_requests(house, SMS, order("request-otp", reference="r"))

    return _crowded


def hurried(house):
    return [origin.hurried for origin in house.gateway.origins]


def test_when_overload_is_refused_a_message_above_the_bound_gets_503_before_the_gateway_hears_of_it(crowded):
    house, finish = crowded(overload="refuse")
    said = call(house.url, body=SMS, headers=SIGNED)
    assert (said.status, said.json["response_code"], said.json["command"]) == (503, "1102", "send-sms")
    assert int(said.headers["retry-after"]) > 0
    assert hurried(house) == [False, False]
    assert [one.status for one in finish()] == [200, 200]
    finish = held_requests(house, SMS)  # the places are free again
    assert [one.status for one in finish()] == [200]


def test_when_overload_is_accepted_a_message_above_the_bound_goes_to_the_gateway_as_hurried(crowded):
    house, finish = crowded(overload="accept")
    more = held_requests(house, SMS)
    assert hurried(house) == [False, False, True]
    more()
    finish()
    held_requests(house, SMS)()
    assert hurried(house)[-1] is False


def test_accepting_is_what_happens_unless_told_otherwise(crowded):
    house, finish = crowded()
    held_requests(house, SMS)()
    assert hurried(house)[-1] is True
    finish()


def test_a_few_hurried_messages_are_in_work_at_once_and_the_next_is_refused(crowded):
    house, finish = crowded()
    more = held_requests(house, *[SMS] * api_module.HURRIED_AT_ONCE)
    assert call(house.url, body=SMS, headers=SIGNED).status == 503
    assert len(house.gateway.requests) == 2 + api_module.HURRIED_AT_ONCE
    assert call(house.url, body=order(), headers=SIGNED).status == 200  # and there are threads for everything else
    assert {one.status for one in more()} == {200}
    finish()


def test_a_hurried_message_does_not_hold_its_thread_for_the_reply_timeout(crowded, monkeypatch):
    monkeypatch.setattr(api_module, "HURRIED_S", 0.05)
    house, finish = crowded(reply_timeout_s=600)
    said = call(house.url, body=SMS, headers=SIGNED)
    assert (said.json["response_code"], said.json["data"]) == ("1111", {"status": "unknown"})
    finish()


def test_the_setting_is_taken_live(crowded):
    house, finish = crowded()
    house.doors.apply(api(overload="refuse"))
    assert call(house.url, body=SMS, headers=SIGNED).status == 503
    house.doors.apply(api(overload="accept"))
    held_requests(house, SMS)()
    assert hurried(house)[-1] is True
    finish()


def test_more_requests_may_wait_when_there_are_more_modems_and_each_has_a_thread(crowded):
    house, finish = crowded(overload="refuse")
    house.doors.apply(house.section, waiting=20)
    more = held_requests(house, *[SMS] * 18)
    assert call(house.url, body=SMS, headers=SIGNED).status == 503
    assert len(house.doors._ports.live[HTTP].requests._threads) == 20 + SPARE_THREADS
    assert [one.status for one in more() + finish()] == [200] * 20
    house.doors.apply(house.section)  # which leaves the bound alone
    held_requests(house, *[SMS] * 20)()


def test_fewer_may_wait_when_modems_go_and_who_waits_already_gets_a_reply(crowded):
    house, finish = crowded(overload="refuse")
    house.doors.apply(house.section, waiting=1)
    assert call(house.url, body=SMS, headers=SIGNED).status == 503
    assert [one.status for one in finish()] == [200, 200]
    finish = held_requests(house, SMS)
    assert call(house.url, body=SMS, headers=SIGNED).status == 503
    finish()


def test_what_sends_no_message_is_never_counted(build):
    house = build(gateway=HeldGateway(Semaphore(0)), waiting=1).open()
    finish = held_requests(house, SMS, order("verify-otp", reference="r"), order("get-modem-list"), order("block-msisdn", receiver="1"))
    assert call(house.url, body=order(), headers=SIGNED).status == 200
    assert [one.status for one in finish()] == [200] * 4


def test_at_most_two_ussd_requests_wait(build):
    house = build(gateway=HeldGateway(Semaphore(0))).open()
    finish = held_requests(house, order("request-ussd", modem_id="1"), order("request-ussd", modem_id="2"))
    assert call(house.url, body=order("request-ussd", modem_id="3"), headers=SIGNED).status == 503
    finish()
