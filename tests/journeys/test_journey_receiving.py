"""From the network back: status reports and received SMS, through the real service and over its restarts (S1, S6, S9, S12)."""

import pytest
from doubles.service import until

NETWORK = {"count": 1, "reports": True}
TO = "08126666666"
FROM = "628111222333"
UNDELIVERABLE = 0x41  # TP-ST: incompatible destination, for good (TS 23.040 section 9.2.3.15)


@pytest.fixture
def reporting(network):
    """How the network reports; as usual after the test."""
    yield network.reports
    network.reports(automatic=True, delay_s=0, status=0)


def send(service, text="hello", **data):
    reply = service.post("send-sms", receiver=TO, message=text, **data)
    assert reply["response_code"] == "0000"
    return reply["data"]


def told(service, message_id):
    return service.post("get-message-status", id=message_id)["data"]


def becomes(service, message_id, status):
    return until(lambda: (found := told(service, message_id))["status"] == status and found)


def inbox(service, **words):
    return service.do("inbox.list", **words)["messages"]


def stores(network):
    return network.state()["stores"]


def test_a_message_becomes_delivered_when_the_network_says_so_of_every_part_and_stays_so_in_another_life(service):
    for text, parts in (("hello", 1), ("x" * 400, 3)):
        sent = send(service, text)
        found = becomes(service, sent["id"], "delivered")
        assert [entry["status"] for entry in found["history"]] == ["queued", "sending", "sent", "delivered"]
        assert found["parts"] == {"sent": parts, "total": parts}
    service.terminate()
    service.start()
    assert told(service, sent["id"]) == found


def test_a_report_that_comes_in_another_life_finds_its_message(service, network, reporting):
    reporting(automatic=False)
    sent = send(service)
    service.kill()
    service.start()
    network.status_report(sent["reference"][0], "62" + TO[1:])
    becomes(service, sent["id"], "delivered")


def test_a_message_that_could_not_be_delivered_has_failed_after_it_was_sent(service, reporting):
    reporting(status=UNDELIVERABLE)
    found = becomes(service, send(service)["id"], "failed")
    assert [entry["status"] for entry in found["history"]] == ["queued", "sending", "sent", "failed"]
    assert found["error"] == "The network could not deliver the message."


def test_a_report_that_the_network_goes_on_trying_changes_nothing(service, network, reporting):
    reporting(automatic=False)
    sent = send(service)
    network.status_report(sent["reference"][0], "62" + TO[1:], status=0x20)
    until(lambda: service.do("status")["traffic"]["router"]["reports"]["pending"])
    assert told(service, sent["id"])["status"] == "sent"
    network.status_report(sent["reference"][0], "62" + TO[1:])
    becomes(service, sent["id"], "delivered")


def test_a_message_of_unknown_fate_becomes_delivered_by_its_report(service, network, reporting):
    reporting(delay_s=1)
    network.fault("cms", code=500, received=True)
    reply = service.post("send-sms", receiver=TO, message="in doubt")
    assert (reply["response_code"], reply["data"]["status"]) == ("1111", "unknown")
    network.status_report(77, "62" + TO[1:])
    becomes(service, reply["data"]["id"], "delivered")


def test_a_report_that_nobody_waits_for_is_counted_and_logged_with_a_masked_number(service, network):
    before = service.do("status")["traffic"]["router"]["reports"]["unmatched"]
    network.status_report(99, "628999000111")
    until(lambda: service.do("status")["traffic"]["router"]["reports"]["unmatched"] == before + 1)
    assert "a status report for 628999000XXX that no message waits for" in service.log.read_text()
    assert "628999000111" not in service.log.read_text()


def test_stored_reports_are_read_counted_and_removed_from_the_modem(service, network, reporting):
    reporting(automatic=False)
    sent = send(service)
    network.urc('+CDSI: "SM",0')  # a lie; what lies in the report store is found all the same
    network.status_report(sent["reference"][0], "62" + TO[1:])
    becomes(service, sent["id"], "delivered")
    until(lambda: stores(network)["SR"] == [])


def test_a_received_message_is_in_the_inbox_and_no_more_in_the_modem(service, network):
    network.inbound(FROM, "Hello, is this the bank?")
    [found] = until(lambda: inbox(service, search="bank"))
    assert (found["sender"], found["text"], found["modem"]) == (FROM, "Hello, is this the bank?", "modem0")
    until(lambda: stores(network)["SM"] == [])
    assert FROM not in service.log.read_text()
    assert "bank" not in service.log.read_text()


@pytest.mark.parametrize("end", ["terminate", "kill"])
def test_a_long_message_whose_parts_come_in_any_order_and_in_two_lives_is_whole(service, network, end):
    text = f"{end} " + "0123456789" * 40
    network.inbound(FROM, text, order=[3, 1], reference=200)
    until(lambda: stores(network)["SM"] == [])
    assert inbox(service, search=text[:20]) == []
    getattr(service, end)()
    network.inbound(FROM, text, order=[2], reference=200)
    service.start()
    [found] = until(lambda: inbox(service, search=text[:20]))
    assert found["text"] == text


def test_killed_while_messages_come_in_none_is_lost_and_none_is_there_twice(service, network):
    texts = {f"storm {number}" for number in range(20)}
    for number, text in enumerate(sorted(texts)):
        network.inbound(FROM, text)
        if number in {5, 12}:
            service.kill()
            service.start()
    until(lambda: len(inbox(service, search="storm")) >= len(texts), 20)
    until(lambda: stores(network)["SM"] == [])
    found = [message["text"] for message in inbox(service, search="storm", limit=100)]
    assert sorted(found) == sorted(texts)


def test_a_reply_to_a_received_message_goes_to_its_sender(service, network, arrivals):
    network.inbound(FROM, "please answer")
    [found] = until(lambda: inbox(service, search="please"))
    service.do("inbox.reply", id=found["id"], text="here is the answer")
    [message] = arrivals.messages(1)
    assert (message["to"], message["text"]) == (FROM, "here is the answer")


def test_more_than_the_sim_holds_comes_in_as_it_is_emptied(service, network):
    texts = [f"flood {number:02d}" for number in range(40)]  # the SIM has 30 places; the network keeps the rest
    for text in texts:
        network.inbound(FROM, text)
    until(lambda: len(inbox(service, search="flood", limit=100)) == len(texts), 30)
    assert sorted(message["text"] for message in inbox(service, search="flood", limit=100)) == texts
    until(lambda: stores(network)["SM"] == [])
