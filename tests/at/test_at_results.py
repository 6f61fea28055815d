import pytest

from otppi.at.results import Final, Kind, Meaning, meaning, parse_final

BUSY, MESSAGE, SIM, NETWORK, MEMORY, UNKNOWN = (
    Meaning.BUSY, Meaning.MESSAGE, Meaning.SIM, Meaning.NETWORK, Meaning.MEMORY, Meaning.UNKNOWN)
CMS = [
    (BUSY, [301, 314, 512]),
    (MESSAGE, [1, 28, 30, 50, 69, 96, 97, 98, 99, 304, 305]),
    (SIM, [8, 10, 29, 310, 311, 312, 313, 315, 316, 317, 318, 330]),
    (NETWORK, [17, 21, 22, 38, 41, 42, 47, 331, 332]),
    (MEMORY, [320, 321, 322]),
    (UNKNOWN, [350, 500, 513, 520, 538, 9999]),
]
"""The table of the notes on modems, row by row."""
NOT_LISTED = [0, 2, 27, 95, 100, 111, 127, 300, 302, 303, 319, 340, 499, 511]


@pytest.mark.parametrize("said,code", [(said, code) for said, codes in CMS for code in codes])
def test_a_cms_error_means_what_its_row_says(said, code):
    assert meaning(parse_final(f"+CMS ERROR: {code}")) is said


@pytest.mark.parametrize("code", NOT_LISTED)
def test_a_cms_error_without_a_row_is_a_clear_refusal(code):
    assert meaning(Final(Kind.CMS, code)) is MESSAGE


def test_the_rows_do_not_overlap_but_for_a_collision_which_is_told_before_the_vendors_codes():
    codes = [code for _, row in CMS for code in row]

    assert len(codes) == len(set(codes))
    assert meaning(Final(Kind.CMS, 512)) is BUSY
    assert meaning(Final(Kind.CMS, 513)) is UNKNOWN


@pytest.mark.parametrize("code,said", [(14, BUSY), (515, BUSY), (10, SIM), (11, SIM), (13, SIM), (30, NETWORK), (20, MEMORY), (100, MESSAGE), (600, UNKNOWN)])
def test_a_cme_error_has_rows_of_its_own(code, said):
    assert meaning(parse_final(f"+CME ERROR: {code}")) is said


@pytest.mark.parametrize("kind", [Kind.TIMEOUT, Kind.LOST])
def test_silence_and_a_lost_port_leave_the_fate_open(kind):
    assert meaning(Final(kind)) is UNKNOWN


@pytest.mark.parametrize("line", ["ERROR", "COMMAND NOT SUPPORT", "NO CARRIER", "TOO MANY PARAMETERS", "NOT SUPPORT"])
def test_what_vendors_say_for_error_is_an_end(line):
    assert parse_final(line) == Final(Kind.ERROR)
    assert meaning(parse_final(line)) is MESSAGE


def test_ok_is_an_end_and_success():
    assert parse_final("OK") == Final(Kind.OK)
    assert parse_final("OK").ok
    assert not parse_final("ERROR").ok


@pytest.mark.parametrize("line", ["OKAY", "OK ", " OK", "ok", "ERRORS", "+CMGS: 5", "+CMS ERROR", "CMS ERROR: 5", "", "+CPMS: 1,30"])
def test_a_line_that_only_looks_like_an_end_is_none(line):
    assert parse_final(line) is None


def test_an_error_in_words_has_no_code_and_is_a_refusal():
    assert parse_final("+CME ERROR: SIM busy") == Final(Kind.CME)
    assert meaning(parse_final("+CMS ERROR: No network service")) is MESSAGE


def test_unknown_error_in_words_is_500_and_leaves_the_fate_open():
    assert parse_final("+CMS ERROR: unknown error") == Final(Kind.CMS, 500)
    assert meaning(parse_final("+CMS ERROR: Unknown error")) is UNKNOWN


def test_a_code_may_stand_without_a_blank_and_be_absurd():
    assert parse_final("+CMS ERROR:38") == Final(Kind.CMS, 38)
    assert parse_final("+CMS ERROR: " + "9" * 4000).code > 0
    assert parse_final("+CMS ERROR: ²").code is None


def test_an_end_reads_as_people_write_it():
    assert str(Final(Kind.CMS, 38)) == "+CMS ERROR 38"
    assert str(Final(Kind.TIMEOUT)) == "no answer"
