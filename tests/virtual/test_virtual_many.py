from collections import Counter

from otppi.at import pdu

PART = pdu.submit_pdus("628123456789", "hello")[0]


def test_many_modems_that_are_kept_busy_at_once_answer_each_message_and_log_it_once(start, open_port):
    network = start(count=32, extra=["--quiet"])
    ports = [open_port(link) for link in network.links]
    for _ in range(3):
        for port in ports:
            port.write(f"AT+CMGS={PART.length}\r")
        for port in ports:
            port.until("> ")
            port.write(PART.hex + "\x1a")
        for port in ports:
            port.until("OK\r\n")

    assert Counter(event["modem"] for event in network.logged("submit")) == dict.fromkeys(range(32), 3)
