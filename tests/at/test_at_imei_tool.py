"""The IMEI: check digit, type allocation code, and writing it by the command of the family, read back after."""

import pytest
from doubles.peer import LOST, OK, SILENCE, Peer

from otppi.at import imei_tool
from otppi.at.imei_tool import Imei, check_digit, checked, read, write
from otppi.domain.errors import Mistake
from otppi.virtual.profiles import with_luhn

GOOD, OTHER = "490154203237518", "356938035643809"


@pytest.mark.parametrize("imei, valid", [(GOOD, True), (OTHER, True), ("490154203237519", False), ("49015420323751", False), ("4901542032375180", False), ("", False),
                                         ("49015420323751x", False), ("٤٩٠١٥٤٢٠٣٢٣٧٥١٨", False)])
def test_the_check_digit_is_looked_at(imei, valid):
    assert Imei(imei).valid is valid


def test_the_check_digit_is_that_of_an_independent_reckoning():
    assert all(digits + check_digit(digits) == with_luhn(digits) for digits in (f"{number * 7919:014d}" for number in range(500)))


@pytest.mark.parametrize("said", [GOOD, f"+CGSN: {GOOD}", f'"{GOOD}"', f'+CGSN: "{GOOD}"', "49-015420-323751-8", f"\n{GOOD}"])
def test_the_imei_is_read_however_it_is_written(said):
    found = Peer({"AT+CGMI": "Quectel\nOK", "AT+CGMM": "EC25\nOK", "AT+CGSN": f"{said}\nOK"}).play(read())
    assert found == Imei(GOOD, "Quectel", "EC25")
    assert (found.tac, found.valid, found.writable) == ("49015420", True, True)


@pytest.mark.parametrize("answers", [{}, {"AT+CGSN": SILENCE}, {"AT+CGSN": LOST}, {"AT+CGSN": "0\nOK"}])
def test_a_modem_that_tells_none_has_none(answers):
    found = Peer(answers).play(read())
    assert (found.imei, found.valid) == ("", False)
    assert "no IMEI" in found.in_words()


def written(maker, command, *after, new=OTHER):
    peer = Peer({"AT+CGMI": f"{maker}\nOK", "AT+CGMM": "X\nOK", "AT+CGSN": tuple(f"{imei}\nOK" for imei in (GOOD, *after)), **command})
    return peer.play(write(new)), [line for line in peer.said if OTHER in line]


@pytest.mark.parametrize("maker, command", [("Quectel", f'AT+EGMR=1,7,"{OTHER}"'), ("MediaTek Inc.", f'AT+EGMR=1,7,"{OTHER}"'), ("SIMCOM INCORPORATED", f"AT+SIMEI={OTHER}"),
                                            ("Fibocom", f'AT+GTSN=1,7,"{OTHER}"')])
def test_each_family_has_its_command(maker, command):
    done, said = written(maker, {command: OK}, OTHER)
    assert done.done is True
    assert said == [command]
    assert "restart" not in done.said


@pytest.mark.parametrize("maker", ["huawei", "WAVECOM MODEM", "Sierra Wireless", ""])
def test_a_family_without_a_known_command_is_left_alone(maker):
    done, said = written(maker, {})
    assert (done.done, said) == (False, [])
    assert done.said == "This modem's IMEI cannot be written by known commands."


@pytest.mark.parametrize("answer, done, sentence", [("ERROR", False, "refused"), ("+CME ERROR: 3", False, "refused"), (SILENCE, None, "did not say"), (LOST, None, "did not say")])
def test_what_a_modem_makes_of_it_is_told(answer, done, sentence):
    found, said = written("Quectel", {f'AT+EGMR=1,7,"{OTHER}"': answer})
    assert found.done is done
    assert sentence in found.said
    assert len(said) == 1


def test_a_modem_that_must_restart_first_is_said_to():
    found, _ = written("Quectel", {f'AT+EGMR=1,7,"{OTHER}"': OK}, GOOD)
    assert found.done is True
    assert "restart" in found.said


def test_the_imei_that_it_has_is_not_written_again():
    found, said = written("Quectel", {}, new=GOOD)
    assert (found.done, said) == (True, [])


@pytest.mark.parametrize("text, again, allowed, sentence", [
    (GOOD, GOOD, False, "imei_write"), ("490154203237519", "490154203237519", True, "check digit"), (GOOD, OTHER, True, "another one"), ("", "", True, "no IMEI"),
    (f'{GOOD}";+CFUN=0', f'{GOOD}";+CFUN=0', True, "no IMEI"),
])
def test_it_is_written_only_where_it_is_allowed_right_and_twice_the_same(text, again, allowed, sentence):
    with pytest.raises(Mistake) as caught:
        checked(text, again, allowed=allowed)
    assert sentence in str(caught.value)
    assert checked(GOOD, GOOD, allowed=True) == GOOD


def test_the_law_and_the_restart_are_spoken_of():
    assert "law" in imei_tool.LAW
    assert "restart" in imei_tool.LAW
