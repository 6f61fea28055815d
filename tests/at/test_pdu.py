"""PDUs that leave, by the letter of TS 23.040: round trips and fields at their limits."""


import pytest
from at.pdu_material import DAY, HOUR, NOON, TO, WEEK, numbers
from hypothesis import given
from hypothesis import strategies as st

from otppi.at.concatenation import Alphabet, split
from otppi.at.pdu import (
    Deliver,
    PduError,
    StatusReport,
    decode_submit,
    submit_pdus,
)


def test_a_submit_is_these_very_octets():
    (pdu,) = submit_pdus("491721436587", "hellohello", status_report=True, validity_s=DAY)
    assert pdu.hex == "0031000C919471123456780000A70AE8329BFD4697D9EC37"
    assert pdu.length == 23


def test_without_a_validity_there_is_no_field_for_it():
    (pdu,) = submit_pdus("491721436587", "hellohello")
    assert pdu.hex == "0001000C9194711234567800000AE8329BFD4697D9EC37"


@given(
    numbers.filter(str.isdigit),
    st.text(alphabet=st.sampled_from("ab{€Ж😀"), max_size=400),
    st.fixed_dictionaries(
        {
            "reference": st.integers(0, 255),
            "status_report": st.booleans(),
            "flash": st.booleans(),
            "validity_s": st.one_of(st.none(), st.integers(1, 10**8)),
        }
    ),
)
def test_every_submit_reads_back_as_it_was_asked_for(to, text, asked):
    pdus = submit_pdus(to, text, **asked)
    read = []
    for pdu, segment in zip(pdus, split(text, asked["reference"]), strict=True):
        octets = bytes.fromhex(pdu.hex)
        assert pdu.hex == octets.hex().upper()
        assert octets[0] == 0
        assert pdu.length == len(octets) - 1 <= 164
        assert pdu.segment == segment
        submit = decode_submit(octets[1:])
        read.append(submit.text)
        assert (submit.to, submit.concat, submit.alphabet) == (to, segment.concat, segment.alphabet)
        assert (submit.status_report, submit.flash, submit.tp_mr) == (asked["status_report"], asked["flash"], 0)
        if asked["validity_s"] is None:
            assert submit.validity_s is None
        else:
            assert submit.validity_s >= min(asked["validity_s"], 63 * WEEK)
    assert "".join(read) == text


@pytest.mark.parametrize(
    "asked, given_s",
    [
        (1, 300),
        (300, 300),
        (301, 600),
        (12 * HOUR, 12 * HOUR),
        (12 * HOUR + 1, 12 * HOUR + 1800),
        (DAY, DAY),
        (DAY + 1, 2 * DAY),
        (30 * DAY, 30 * DAY),
        (30 * DAY + 1, 5 * WEEK),
        (63 * WEEK, 63 * WEEK),
        (64 * WEEK, 63 * WEEK),
    ],
)
def test_a_validity_is_rounded_up_to_the_next_step_and_ends_at_63_weeks(asked, given_s):
    (pdu,) = submit_pdus(TO, "hi", validity_s=asked)
    assert decode_submit(bytes.fromhex(pdu.hex)[1:]).validity_s == given_s


@pytest.mark.parametrize("validity_s", [0, -1])
def test_a_validity_of_nothing_is_refused(validity_s):
    with pytest.raises(PduError, match="longer than nothing"):
        submit_pdus(TO, "hi", validity_s=validity_s)


@pytest.mark.parametrize(
    "to", ["", "+491721234567", "49 172", "49172\r", "491721\x1a", '49"172', "٣٣٣", "²", "MyBank", "1" * 21, "*100#"]
)
def test_a_recipient_that_is_not_1_to_20_digits_is_refused_unquoted(to):
    with pytest.raises(PduError, match=r"^The recipient is not 1 to 20 digits") as caught:
        submit_pdus(to, "hi")
    assert not to or to not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["\x1a", "a\x1bb", 'AT+CMGD=1,4\r\n"\x1a', "\0\0", "OK\r\n", "x" * 10_000, "\x1a" * 10_000],
)
def test_no_text_can_reach_the_at_line_it_leaves_as_hexadecimal_digits(text):
    pdus = submit_pdus(TO, text)
    assert all(set(pdu.hex) <= set("0123456789ABCDEF") for pdu in pdus)
    assert "".join(decode_submit(bytes.fromhex(pdu.hex)[1:]).text for pdu in pdus) == text


def test_a_number_with_a_leading_zero_is_not_passed_off_as_international():
    (pdu,) = submit_pdus("01721234567", "hi")
    assert pdu.hex[6:10] == "0B81"


def test_no_repr_shows_a_text_or_a_whole_number():
    pdus = submit_pdus(TO, "secret")
    deliver = Deliver(TO, "secret", None, Alphabet.GSM7, NOON)
    report = StatusReport(1, TO, NOON, NOON, 0)
    shown = repr((pdus, decode_submit(bytes.fromhex(pdus[0].hex)[1:]), deliver, report))
    assert "secret" not in shown
    assert "4917" not in shown
    assert pdus[0].hex not in shown


