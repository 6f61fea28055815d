"""The blocklist alone, without threads."""

import pytest
from doubles.clock import FakeClock
from doubles.pump import Pump, Told

from actors.blocklist import BlocklistOwner
from otppi.config.sections import Sms
from otppi.domain.blocklist import Blocklist, BlocklistBook
from otppi.domain.errors import Mistake, NotDone, StoreError
from otppi.domain.messages.asking import AskBlock
from otppi.domain.messages.running import Configure, Operate
from otppi.domain.messages.sending import ScreenNumber
from otppi.domain.requests import Block


class Rig:
    """A blocklist on a disk that can fail."""

    def __init__(self, stored=None):
        self.disk, self.broken, self.answers, self.replies = stored, False, Told(), []
        make = lambda country_code: BlocklistBook(lambda: self.disk, self.save, country_code)  # noqa: E731
        self.pump = Pump(BlocklistOwner(FakeClock(), make, "62"))

    def save(self, value):
        if self.broken:
            raise StoreError("The disk is full.")
        self.disk = value

    def blocks(self, number):
        self.pump.tell(ScreenNumber("job", 1, number, self.answers))
        [answer] = self.answers
        self.answers.clear()
        assert (answer.job_id, answer.turn) == ("job", 1)
        return answer.blocked

    def ask(self, number, *, on=True):
        self.pump.tell(AskBlock(Block("block-msisdn" if on else "unblock-msisdn", number, on), self.replies.append))
        [reply] = self.replies
        self.replies.clear()
        return reply

    def do(self, name, **arguments):
        results = []
        self.pump.tell(Operate(name, arguments, "cli:me", results.append, results.append))
        [result] = results
        return result


@pytest.fixture
def rig():
    return Rig()


def test_a_client_blocks_a_number_and_the_reply_means_that_it_is_on_disk(rig):
    assert rig.ask("0812 666 6666").body() == {"command": "block-msisdn", "response_code": "0000", "data": {}}
    assert rig.disk == {"628126666666": True}
    assert rig.blocks("628126666666")
    assert not rig.blocks("628126666667")
    assert rig.ask("+628126666666", on=False).code == "0000"
    assert not rig.blocks("628126666666")


def test_what_cannot_be_saved_is_not_done_and_the_reply_says_so(rig):
    rig.broken = True
    reply = rig.ask("08126666666")
    assert (reply.code, reply.error) == ("1102", "The disk is full.")
    assert not rig.blocks("628126666666")
    assert isinstance(rig.do("blocklist.add", numbers=["08126666666"]), NotDone)


def test_nonsense_is_refused_in_words_that_do_not_count_entries(rig):
    reply = rig.ask("nobody")
    assert reply.code == "1102"
    assert reply.error.startswith("The receiver is no phone number")


def test_an_administrators_prefix_blocks_all_numbers_below_it_but_those_that_pass(rig):
    assert rig.do("blocklist.add", numbers=["0812*"]) == {"changed": 1}
    assert rig.blocks("628126666666")
    rig.do("blocklist.import", entries=[{"pattern": "08126666666", "blocked": False}])
    assert not rig.blocks("628126666666")
    assert isinstance(rig.do("blocklist.add", numbers=["0812x"]), Mistake)
    assert isinstance(rig.do("blocklist.add", numbers=7), Mistake)


def test_neither_a_client_nor_an_unblocking_administrator_gets_a_number_out_from_under_a_prefix(rig):
    rig.do("blocklist.add", numbers=["0812*"])
    reply = rig.ask("08126666666", on=False)
    assert reply.body() == {"command": "unblock-msisdn", "response_code": "1102", "data": {},
                            "error": "The number begins with a prefix that an administrator has blocked; it stays blocked."}
    assert rig.do("blocklist.unblock", numbers=["08126666666"]) == {"changed": 0, "still_blocked": 1}
    assert rig.ask("0812*", on=False).code == rig.ask("0813*").code == "1102"
    assert rig.blocks("628126666666")
    assert rig.disk == {"62812*": True}


def test_another_life_finds_the_list(rig):
    rig.ask("08126666666")
    assert Rig(rig.disk).blocks("628126666666")


def test_the_country_of_the_settings_decides_how_numbers_are_read(rig):
    rig.pump.tell(Configure("sms", Sms(country_code="49")))
    rig.ask("0171 1234567")
    assert rig.blocks("491711234567")


def test_an_error_of_ours_while_screening_gives_no_answer_and_one_while_blocking_gives_1102(rig, monkeypatch):
    monkeypatch.setattr(Blocklist, "blocks", lambda *_: 1 // 0)
    rig.pump.tell(ScreenNumber("job", 1, "628126666666", rig.answers))
    assert rig.answers == []
    monkeypatch.setattr(BlocklistBook, "change_one", lambda *_, **__: 1 // 0)
    assert rig.ask("08126666666").error == "The gateway failed; its log says more."
