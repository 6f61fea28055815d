"""A signal comes whenever it likes, also while the main thread is within the very event that is to wake it."""

import subprocess
import sys

import pytest

LIMIT_S = 30
WITHIN = """
import signal, sys
from otppi.cli.run import _listen_to_signals
asked, go_on = _listen_to_signals()
with getattr(sys.argv[1] == "asked" and asked or go_on, "_cond"):
    signal.raise_signal(signal.SIGTERM)
print(asked.wait(10), go_on.wait(10))
"""
TWICE = """
import signal
from otppi.cli.run import _listen_to_signals
_listen_to_signals()
for _ in range(2):
    signal.raise_signal(signal.SIGTERM)
print("still here")
"""


def run(program, *words):
    return subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, timeout=LIMIT_S, check=False)


@pytest.mark.parametrize("event", ["asked", "go_on"])
def test_a_signal_while_its_event_is_just_being_waited_for_is_heard(event):
    assert run(WITHIN, event).stdout == "True True\n"


def test_the_second_signal_ends_the_process_at_once():
    ended = run(TWICE)
    assert (ended.returncode, ended.stdout) == (1, "")


ANOTHER = """
import signal, threading, time
from otppi.cli.run import _listen_to_signals
asked, go_on = _listen_to_signals()
threading.Thread(target=lambda: (time.sleep(0.2), signal.pthread_kill(threading.get_ident(), signal.SIGTERM))).start()
asked.wait()
print(go_on.wait(10))
"""


def test_a_signal_that_the_kernel_hands_to_another_thread_is_heard_while_the_main_one_waits():
    assert run(ANOTHER).stdout == "True\n"
