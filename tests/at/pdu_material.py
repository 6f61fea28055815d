"""What the tests of PDUs share: numbers, times, strategies, and a hand-made DELIVER."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import strategies as st

from otppi.at.concatenation import Alphabet, Concat
from otppi.at.pdu import (
    PduError,
    decode_deliver,
    decode_status_report,
    decode_submit,
    message_type,
)

TO = "491721234567"
NOON = datetime(2026, 11, 3, 12, 0, 0, tzinfo=UTC)
HOUR, DAY, WEEK = 3600, 86400, 604800
DECODERS = [decode_deliver, decode_status_report, decode_submit, message_type]

numbers = st.one_of(st.from_regex(r"[1-9][0-9]{6,19}", fullmatch=True), st.from_regex(r"[0-9*#]{1,6}", fullmatch=True))
names = st.text(alphabet="AZaz &_ñ.", min_size=1, max_size=11)
zones = st.integers(-79, 79).map(lambda count: timezone(timedelta(minutes=15 * count)))
stamps = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31), timezones=zones).map(  # noqa: DTZ001
    lambda when: when.replace(microsecond=0)
)
concats = st.one_of(
    st.none(),
    st.builds(
        lambda ref, total, number: Concat(ref, total, min(number, total)),
        st.integers(0, 255),
        st.integers(1, 255),
        st.integers(1, 255),
    ),
    st.builds(lambda ref, total: Concat(ref, total, total, wide=True), st.integers(0, 65535), st.integers(1, 255)),
)
bodies = st.one_of(
    st.tuples(st.just(Alphabet.GSM7), st.text(alphabet="@aZ€{ñ\n", max_size=76)),
    st.tuples(st.just(Alphabet.UCS2), st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=33)),
    st.tuples(st.just(Alphabet.DATA), st.text(alphabet=st.characters(max_codepoint=255), max_size=133)),
)


def complaint(decode, octets):
    try:
        decode(octets)
    except PduError as error:
        return str(error)
    return "The PDU is good"


def deliver_pdu(dcs, user_data, first=0x04, stamp="62113021000000"):
    return bytes.fromhex(f"00{first:02X}0C91947121436587 00 {dcs:02X} {stamp} {user_data}")
