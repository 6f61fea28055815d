"""PDUs that come, by the letter of TS 23.040, and whatever else may arrive."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from at.pdu_material import (
    DECODERS,
    NOON,
    TO,
    bodies,
    complaint,
    concats,
    deliver_pdu,
    names,
    numbers,
    stamps,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from otppi.at.concatenation import Alphabet, Concat
from otppi.at.gsm7 import TextError
from otppi.at.pdu import (
    NO_TIME,
    Deliver,
    PduError,
    StatusReport,
    decode_deliver,
    decode_status_report,
    decode_submit,
    delivery_state,
    encode_deliver,
    encode_status_report,
    message_type,
    submit_pdus,
)

delivers = st.builds(
    lambda body, **fields: Deliver(alphabet=body[0], text=body[1], **fields),
    body=bodies,
    sender=st.one_of(numbers, names),
    concat=concats,
    sent_at=stamps,
    flash=st.booleans(),
)


@given(delivers, st.sampled_from(["", "491710760000", "+4917"]))
def test_every_deliver_reads_back_as_it_was_written(deliver, smsc):
    pdu = encode_deliver(deliver, smsc)
    assert message_type(pdu) == "deliver"
    read = decode_deliver(pdu)
    assert read == deliver
    assert read.sent_at.utcoffset() == deliver.sent_at.utcoffset()


@given(st.integers(0, 255), numbers, stamps, stamps, st.integers(0, 255))
def test_every_status_report_reads_back_as_it_was_written(tp_mr, recipient, sent_at, discharged_at, status):
    report = StatusReport(tp_mr, recipient, sent_at, discharged_at, status)
    pdu = encode_status_report(report, "491710760000")
    assert message_type(pdu) == "status-report"
    assert decode_status_report(pdu) == report
    # TP-PI and what it announces may follow.
    assert decode_status_report(pdu + b"\x07\0\0\x02hi") == report


def test_a_deliver_is_these_very_octets():
    pdu = encode_deliver(Deliver("491721436587", "hellohello", None, Alphabet.GSM7, NOON), "+491710760000")
    assert pdu.hex() == "0791947101670000040c919471123456780000621130210000000ae8329bfd4697d9ec37"


@pytest.mark.parametrize("length", range(1, 12))
def test_a_sender_with_a_name_of_any_length_reads_back_without_a_letter_more(length):
    name = "OneTimeCode"[:length]
    assert decode_deliver(encode_deliver(Deliver(name, "hi", None, Alphabet.GSM7, NOON))).sender == name


def test_a_deliver_from_a_book_reads_as_the_book_says():
    pdu = bytes.fromhex("07917283010010F5040BC87238880900F10000993092516195800AE8329BFD4697D9EC37")
    read = decode_deliver(pdu)
    assert (read.sender, read.text, read.alphabet) == ("27838890001", "hellohello", Alphabet.GSM7)
    assert read.sent_at == datetime(2099, 3, 29, 15, 16, 59, tzinfo=timezone(timedelta(hours=2)))


def test_a_stored_submit_is_told_from_what_came():
    (pdu,) = submit_pdus(TO, "hi")
    octets = bytes.fromhex(pdu.hex)
    assert message_type(octets) == "submit"
    for decode in (decode_deliver, decode_status_report):
        with pytest.raises(PduError, match="is no SMS-"):
            decode(octets)
    with pytest.raises(PduError, match="is no SMS-SUBMIT"):
        decode_submit(encode_deliver(Deliver(TO, "hi", None, Alphabet.GSM7, NOON))[1:])


def test_the_reserved_message_type_is_read_as_a_deliver():
    pdu = deliver_pdu(0x00, "02E834", first=0x07)
    assert message_type(pdu) == "deliver"
    assert decode_deliver(pdu).text == "hi"


@pytest.mark.parametrize(
    "dcs, alphabet, flash",
    [
        (0x00, "gsm7", False),
        (0x04, "data", False),
        (0x08, "ucs2", False),
        (0x0C, "gsm7", False),  # reserved alphabet
        (0x10, "gsm7", True),
        (0x11, "gsm7", False),
        (0x18, "ucs2", True),
        (0x20, "data", False),  # compressed: unreadable here
        (0x48, "ucs2", False),  # to be deleted after reading
        (0x58, "ucs2", True),
        (0x80, "gsm7", False),  # reserved group
        (0xC8, "gsm7", False),  # message waiting
        (0xD0, "gsm7", False),
        (0xE0, "ucs2", False),
        (0xF0, "gsm7", True),
        (0xF1, "gsm7", False),
        (0xF4, "data", True),
        (0xF5, "data", False),
    ],
)
def test_every_group_of_data_coding_schemes_is_read_as_ts_23_038_says(dcs, alphabet, flash):
    read = decode_deliver(deliver_pdu(dcs, "02 0041"))
    assert (read.alphabet, read.flash) == (alphabet, flash)
    assert read.text == {"gsm7": "@$", "ucs2": "A", "data": "\0A"}[alphabet]


@pytest.mark.parametrize(
    "header, concat",
    [
        ("05 0003 2A 03 02", Concat(0x2A, 3, 2)),
        ("06 0804 1234 03 02", Concat(0x1234, 3, 2, wide=True)),
        ("0B 0504 0B84 23F0 0003 2A 03 02", Concat(0x2A, 3, 2)),  # behind port numbers
        ("0A 0003 01 02 01 0003 2A 03 02", Concat(0x2A, 3, 2)),  # twice: the last one counts
        ("05 0003 2A 00 00", None),  # no parts at all
        ("05 0003 2A 02 03", None),  # a part beyond the last
        ("05 0003 2A 02 00", None),
        ("04 0002 2A 03", None),  # an element too short
        ("05 0004 2A 03 02", None),  # an element longer than its header
        ("06 0003 2A 03 02 00", None),  # half an element behind it
        ("00", None),
    ],
)
def test_a_header_is_read_or_ignored_as_the_standard_says_and_the_text_stays(header, concat):
    octets = bytes.fromhex(header)
    user_data = f"{len(octets) + 2:02X} {header} 0041"
    read = decode_deliver(deliver_pdu(0x08, user_data, first=0x44))
    assert read.concat == concat
    assert read.text == "A"


def test_a_part_in_the_gsm_alphabet_begins_on_a_septets_border_behind_its_header():
    pdu = encode_deliver(Deliver(TO, "hi", Concat(1, 2, 1), Alphabet.GSM7, NOON))
    assert pdu[-9:].hex() == "09050003010201d069"
    assert decode_deliver(pdu).text == "hi"


def test_half_an_emoji_stays_in_a_part_and_becomes_a_mark_in_a_whole_message():
    whole = decode_deliver(deliver_pdu(0x08, "04 0041 D83D"))
    assert whole.text == "A\ufffd"
    part = decode_deliver(deliver_pdu(0x08, "0A 050003010201 0041 D83D", first=0x44))
    assert part.text == "A\ud83d"


def test_an_odd_octet_at_the_end_of_ucs2_is_dropped():
    assert decode_deliver(deliver_pdu(0x08, "03 004100")).text == "A"


@pytest.mark.parametrize(
    "stamp, expected",
    [
        ("62113021436500", datetime(2026, 11, 3, 12, 34, 56, tzinfo=UTC)),
        ("62113021436580", datetime(2026, 11, 3, 10, 34, 56, tzinfo=UTC)),  # +2:00, eight quarters
        ("3130523210658A", datetime(2013, 3, 26, 6, 1, 56, tzinfo=UTC)),  # -7:00, the sign in bit 3
        ("621130214365FF", datetime(2026, 11, 3, 12, 34, 56, tzinfo=UTC)),  # no zone
        ("00000000000000", NO_TIME),
        ("62310021436500", NO_TIME),  # day 0 of month 13
        ("6F113021436500", NO_TIME),
    ],
)
def test_time_stamps_are_read_with_their_zone_and_what_is_no_date_costs_no_message(stamp, expected):
    read = decode_deliver(deliver_pdu(0x00, "02E834", stamp=stamp))
    assert read.text == "hi"
    assert read.sent_at == expected


def test_no_time_is_written_as_zeros():
    pdu = encode_deliver(Deliver(TO, "hi", None, Alphabet.GSM7, NO_TIME))
    assert pdu[-10:].hex() == "0000000000000002e834"


def test_a_zone_that_is_not_of_quarters_is_written_as_utc():
    odd = NOON.astimezone(timezone(timedelta(minutes=52)))
    read = decode_deliver(encode_deliver(Deliver(TO, "hi", None, Alphabet.GSM7, odd)))
    assert (read.sent_at, read.sent_at.utcoffset()) == (NOON, timedelta(0))


def test_a_zone_west_of_greenwich_that_is_not_of_quarters_leaves_no_sign_behind():
    odd = NOON.astimezone(timezone(timedelta(minutes=-52)))
    assert encode_deliver(Deliver(TO, "hi", None, Alphabet.GSM7, odd))[-10:].hex() == "6211302100000002e834"


@pytest.mark.parametrize(
    "sent_at, complaint",
    [(NOON.replace(tzinfo=None), "needs a time zone"), (NOON.replace(year=1999), "2000 to 2099")],
)
def test_a_time_that_no_stamp_can_hold_is_refused(sent_at, complaint):
    with pytest.raises(PduError, match=complaint):
        encode_deliver(Deliver(TO, "hi", None, Alphabet.GSM7, sent_at))


@pytest.mark.parametrize(
    "address, digits",
    [
        ("0C91947121436587", "491712345678"),
        ("0BA11032547698F0", "01234567890"),  # national
        ("058121A3F5", "123*5"),
        ("0581BADCFE", "*#abc"),
        ("049121FF", "12"),  # a filler too many
        ("0091", ""),
    ],
)
def test_semi_octets_are_read_with_star_hash_and_filler(address, digits):
    pdu = bytes.fromhex("0004" + address + "0000" + "62113021436500" + "02E834")
    assert decode_deliver(pdu).sender == digits


@pytest.mark.parametrize("sender", ["", "TwelveLetter", "Банк", "1" * 21, "a\x1b"])
def test_a_sender_that_no_address_can_hold_is_refused(sender):
    with pytest.raises(PduError, match="An address is 1 to 20 digits, or a name of 1 to 11 characters"):
        encode_deliver(Deliver(sender, "hi", None, Alphabet.GSM7, NOON))


@pytest.mark.parametrize("smsc", ["+", "0049x", "MyBank", "1" * 21])
def test_an_smsc_that_is_no_number_is_refused(smsc):
    with pytest.raises(PduError, match="The SMSC's number"):
        encode_deliver(Deliver(TO, "hi", None, Alphabet.GSM7, NOON), smsc)


@pytest.mark.parametrize(
    "text, alphabet, concat",
    [
        ("secret" * 27, Alphabet.GSM7, None),
        ("s" * 154, Alphabet.GSM7, Concat(1, 2, 1)),
        ("ж" * 71, Alphabet.UCS2, None),
        ("ж" * 67, Alphabet.UCS2, Concat(1, 2, 1, wide=True)),
        ("secretЖ", Alphabet.GSM7, None),
        ("secretЖ", Alphabet.DATA, None),
        ("secret\ud83d", Alphabet.UCS2, None),
    ],
)
def test_a_text_that_its_alphabet_or_one_sms_cannot_hold_is_refused_unquoted(text, alphabet, concat):
    with pytest.raises(TextError) as caught:
        encode_deliver(Deliver(TO, text, concat, alphabet, NOON))
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "concat", [Concat(256, 2, 1), Concat(1, 256, 1), Concat(65536, 2, 1, wide=True), Concat(-1, 2, 1)]
)
def test_a_concatenation_beyond_its_octets_is_refused(concat):
    with pytest.raises(PduError, match="does not fit its field"):
        encode_deliver(Deliver(TO, "hi", concat, Alphabet.GSM7, NOON))


@pytest.mark.parametrize("tp_mr, status", [(256, 0), (-1, 0), (0, 256)])
def test_a_reference_or_status_beyond_its_octet_is_refused(tp_mr, status):
    with pytest.raises(PduError, match="one octet each"):
        encode_status_report(StatusReport(tp_mr, TO, NOON, NOON, status))


# --- states and junk -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "state, statuses",
    [
        ("delivered", [*range(0x03), *range(0x10, 0x20)]),
        ("pending", [*range(0x20, 0x26), *range(0x30, 0x40)]),
        ("failed", [*range(0x03, 0x10), *range(0x26, 0x30), *range(0x40, 0x100)]),
    ],
)
def test_a_status_means_what_its_class_means_and_reserved_ones_that_service_was_rejected(state, statuses):
    assert {delivery_state(status) for status in statuses} == {state}


@settings(max_examples=600)
@given(st.binary(max_size=200))
def test_no_octets_make_a_decoder_raise_anything_but_pdu_error(octets):
    for decode in DECODERS:
        assert complaint(decode, octets).startswith("The PDU")
        assert complaint(decode, b"\0" + octets).startswith("The PDU")


@settings(max_examples=600)
@given(st.data())
def test_a_pdu_bent_anywhere_is_read_or_refused_but_breaks_nothing(data):
    pdu = bytearray(
        data.draw(
            st.sampled_from(
                [
                    encode_deliver(Deliver(TO, "hi € there", Concat(1, 2, 1), Alphabet.GSM7, NOON), "4917"),
                    encode_deliver(Deliver("MyBank", "Ж😀", Concat(1, 2, 1, wide=True), Alphabet.UCS2, NOON)),
                    encode_status_report(StatusReport(3, TO, NOON, NOON, 0)),
                    bytes.fromhex(submit_pdus(TO, "a{" * 100, validity_s=60)[0].hex),
                ]
            )
        )
    )
    for _ in range(data.draw(st.integers(1, 4))):
        pdu[data.draw(st.integers(0, len(pdu) - 1))] = data.draw(st.integers(0, 255))
    for octets in (bytes(pdu), bytes(pdu[1:])):
        for decode in DECODERS:
            assert complaint(decode, octets).startswith("The PDU")


def test_a_deliver_cut_short_anywhere_is_an_error_that_names_the_field():
    pdu = encode_deliver(Deliver(TO, "secret text", Concat(1, 2, 1), Alphabet.GSM7, NOON), "491710760000")
    complaints = []
    for length in range(len(pdu)):
        with pytest.raises(PduError) as caught:
            decode_deliver(pdu[:length])
        complaints.append(str(caught.value))
    fields = [
        "SMSC length",
        "SMSC address",
        "first octet",
        "originating address",
        "protocol identifier",
        "data coding scheme",
        "time stamp",
        "user data length",
        "user data",
    ]
    assert list(dict.fromkeys(complaints)) == [f"The PDU ends within its {field}" for field in fields]


def test_a_header_longer_than_its_user_data_is_an_error():
    with pytest.raises(PduError, match="ends within its header"):
        decode_deliver(deliver_pdu(0x08, "02 0500", first=0x44))
    with pytest.raises(PduError, match="ends within its header"):
        decode_deliver(deliver_pdu(0x08, "00", first=0x44))


@pytest.mark.parametrize("first, field", [(0x09, "62113021436500"), (0x19, "62113021436500")])
def test_a_submit_with_another_form_of_validity_still_reads(first, field):
    submit = decode_submit(bytes.fromhex(f"{first:02X} 05 0C91947121436587 00 00 {field} 02E834"))
    assert (submit.text, submit.validity_s, submit.tp_mr) == ("hi", None, 5)
