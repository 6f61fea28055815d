"""One message whose network takes 135 s of real time for its answer (TS 24.011 and modems allow minutes): waited for, sent, once."""

import tempfile
import threading
import time
from pathlib import Path

from doubles.network import VirtualNetwork
from doubles.service import Service, until

from otppi.at.submit import RESULT_LIMIT_S

LATE_S = 135.0
MARGIN_S = 30.0
LOOK_S = 1.0
API = {"host": "127.0.0.1", "http_port": 0, "reply_timeout_s": 1}


def main(seconds: str = str(LATE_S), seed: str = "") -> None:
    """Send to one modem that is late, and meanwhile by another one that is not."""
    del seed
    late_s = float(seconds)
    assert late_s < RESULT_LIMIT_S, f"a modem is not waited for longer than {RESULT_LIMIT_S:.0f} s"
    modems = [{"recipient_prefixes": ["62811"]}, {"recipient_prefixes": ["62812"]}]
    with tempfile.TemporaryDirectory() as root, VirtualNetwork(Path(root), count=2) as network, \
            Service(Path(root), network, modems=modems, settings={"api": API}) as service:
        network.fault("late", modem=0, seconds=late_s)
        began = time.monotonic()
        first = service.post("send-sms", id="late", receiver="628111111111", message="late")
        assert (first["response_code"], first["data"]["status"]) == ("1111", "sending"), first
        beside = service.post("send-sms", id="beside", receiver="628122222222", message="not late")
        assert beside["data"]["status"] == "sent", beside
        pause = threading.Event()

        def told() -> str:
            pause.wait(LOOK_S)
            return str(service.post("get-message-status", id=first["data"]["id"])["data"]["status"])

        status = until(lambda: (now := told()) != "sending" and now, late_s + MARGIN_S)
        took = time.monotonic() - began
        assert status == "sent", status
        assert took >= late_s, took
        again = service.post("send-sms", id="late", receiver="628111111111", message="late")
        assert again["data"]["status"] == "sent", again
        submits = [submit["to"] for submit in network.logged("submit")]
        assert sorted(submits) == ["628111111111", "628122222222"], submits
    print(f"sent after {took:.0f} s, once; the other modem sent meanwhile")
