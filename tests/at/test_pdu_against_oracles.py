"""SUBMIT, DELIVER and STATUS-REPORT against libgammu and smspdudecoder: independent readings of TS 23.040."""

from datetime import UTC, datetime, timedelta, timezone
from io import StringIO

import gammu
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from smspdudecoder.fields import SMSDeliver, SMSSubmit

from otppi.at.concatenation import Alphabet, Concat, split
from otppi.at.pdu import Deliver, StatusReport, encode_deliver, encode_status_report, submit_pdus

TO = "491721234567"
DAY = 86400
GSM = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡AZÄÖÑÜ§¿azäöñüà^{}\\[~]|€"
numbers = st.from_regex(r"[1-9][0-9]{6,14}", fullmatch=True)


def gammu_submits(text, *, to="+" + TO, ucs2=False, message_class=-1, status_report=False, validity="1D"):
    """libgammu's own splitting and encoding: TPDUs in hex, and the reference it drew."""
    info = {"Class": message_class, "Unicode": ucs2, "Entries": [{"ID": "ConcatenatedTextLong", "Buffer": text}]}
    smsc = {"Number": "", "Location": 0, "Format": "Text", "Validity": validity, "DefaultNumber": "", "Name": ""}
    parts = gammu.EncodeSMS(info)
    kind = "Status_Report" if status_report else "Submit"
    pdus = [gammu.EncodePDU({**part, "SMSC": smsc, "Number": to, "Type": kind}, "Submit") for part in parts]
    return [pdu[1 + pdu[0] :].hex().upper() for pdu in pdus], parts[0]["UDH"]["ID8bit"]


def tpdus(*args, **kwargs):
    return [pdu.hex.removeprefix("00") for pdu in submit_pdus(*args, **kwargs)]


@pytest.mark.parametrize(
    "text, ucs2",
    [
        ("hello", False),
        ("", False),
        ("Your code is 123456", False),
        ("price: 5€ {[~^|\\]}", False),
        ("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà", False),
        ("a" * 160, False),
        ("Код 123456", True),
        ("验证码 123456", True),
        ("Ж😀", True),
        ("😀" * 35, True),
    ],
)
def test_a_single_submit_is_byte_for_byte_that_of_gammu(text, ucs2):
    expected, _ = gammu_submits(text, ucs2=ucs2)
    assert tpdus(TO, text, validity_s=DAY) == expected


@settings(max_examples=400)
@given(st.text(alphabet=GSM, max_size=600))
def test_every_gsm_text_is_split_and_encoded_byte_for_byte_as_by_gammu(text):
    expected, reference = gammu_submits(text)
    assert tpdus(TO, text, reference=reference, validity_s=DAY) == expected


@settings(max_examples=400)
@given(st.text(alphabet="abЖ验€ñ", max_size=300).map(lambda text: "Ж" + text))
def test_every_ucs2_text_is_split_and_encoded_byte_for_byte_as_by_gammu(text):
    expected, reference = gammu_submits(text, ucs2=True)
    assert tpdus(TO, text, reference=reference, validity_s=DAY) == expected


@pytest.mark.parametrize(
    "to, dialled", [("12345", "12345"), ("123456", "123456"), ("1234567", "+1234567"), ("33612345678", "+33612345678")]
)
def test_the_recipient_is_typed_international_or_for_a_short_code_unknown(to, dialled):
    expected, _ = gammu_submits("hi", to=dialled)
    assert tpdus(to, "hi", validity_s=DAY) == expected


@pytest.mark.parametrize("text, ucs2", [("hi", False), ("ж😀", True)])
def test_a_flash_message_is_class_0_as_gammu_has_it(text, ucs2):
    expected, _ = gammu_submits(text, ucs2=ucs2, message_class=0)
    assert tpdus(TO, text, flash=True, validity_s=DAY) == expected
    assert expected != gammu_submits(text, ucs2=ucs2)[0]


@pytest.mark.parametrize("text", ["hi", "a{" * 200])
def test_a_status_report_is_asked_for_every_part_as_gammu_does(text):
    expected, reference = gammu_submits(text, status_report=True)
    got = tpdus(TO, text, reference=reference, status_report=True, validity_s=DAY)
    assert got == expected
    assert all(int(tpdu[:2], 16) & 0x20 for tpdu in got)


@pytest.mark.parametrize(
    "seconds, validity",
    [
        (3600, "1H"),
        (6 * 3600, "6H"),
        (DAY, "1D"),
        (3 * DAY, "3D"),
        (7 * DAY, "1W"),
        (28 * DAY, "4W"),
        (63 * 7 * DAY, "Max"),
        (10**9, "Max"),
    ],
)
def test_the_validity_is_that_of_gammu(seconds, validity):
    expected, _ = gammu_submits("hi", validity=validity)
    got = tpdus(TO, "hi", validity_s=seconds)
    if validity == "4W":  # 28 days can be said in days, which is no longer than asked for; gammu says it in weeks
        assert got[0][-8:-6] == "C2"
        return
    assert got == expected


def assert_reads(read, text, alphabet):
    got = read["user_data"]["data"]
    if alphabet is Alphabet.UCS2:
        assert got == text
    elif not read["header"]["udhi"]:
        # It counts characters where septets are meant: behind an escaped one it may show spare bits, as an @.
        assert got.removesuffix("@") == text
    # With a header it reads the header's octets as letters too, and an ESC among them shifts all that follows;
    # parts in the GSM alphabet are compared with gammu's above.


@settings(max_examples=400)
@given(
    numbers,
    st.text(alphabet="aЖ€😀{", max_size=300),
    st.integers(0, 255),
    st.booleans(),
    st.booleans(),
)
def test_smspdudecoder_reads_in_every_submit_what_was_put_in(to, text, reference, status_report, flash):
    pdus = submit_pdus(to, text, reference=reference, status_report=status_report, flash=flash, validity_s=3600)
    for pdu, segment in zip(pdus, split(text, reference), strict=True):
        read = SMSSubmit.decode(StringIO(pdu.hex))
        assert read["smsc"]["length"] == 0
        assert read["header"]["srr"] is status_report
        assert read["vp"] == 11  # (11 + 1) × 5 minutes
        assert read["message-ref"] == 0
        assert read["recipient"] == {"length": len(to), "toa": {"ton": "international", "npi": "isdn"}, "number": to}
        assert_reads(read, segment.text, segment.alphabet)
        assert bool(read["header"]["udhi"]) is (segment.concat is not None)
        if segment.concat:
            assert read["user_data"]["header"]["elements"][0]["data"] == {
                "reference": reference,
                "parts_count": segment.concat.total,
                "part_number": segment.concat.number,
            }


whole_seconds = st.datetimes(datetime(2000, 1, 2), datetime(2037, 12, 30)).map(lambda when: when.replace(microsecond=0))  # noqa: DTZ001
quarters = st.integers(-48, 56).map(lambda count: timezone(timedelta(minutes=15 * count)))
stamps = st.builds(lambda when, zone: when.replace(tzinfo=zone), whole_seconds, quarters)


@settings(max_examples=400)
@given(
    st.one_of(numbers, st.sampled_from(["MyBank", "Bank & Co", "Design@Home"])),
    st.sampled_from(["hello", "5€ {}", "Ж😀", "a" * 160, ""]),
    stamps,
    st.sampled_from([None, Concat(9, 3, 2), Concat(0x1234, 3, 2, wide=True)]),
)
@example("MyBank", "hello", datetime(2026, 3, 29, 1, 30, tzinfo=timezone(timedelta(hours=-3, minutes=-30))), None)
def test_smspdudecoder_reads_in_every_deliver_what_was_put_in(sender, text, sent_at, concat):
    text = text[:150]
    (alphabet,) = {segment.alphabet for segment in split(text)}
    pdu = encode_deliver(Deliver(sender, text, concat, alphabet, sent_at), smsc="+491710760000")
    read = SMSDeliver.decode(StringIO(pdu.hex()))
    assert read["smsc"]["number"] == "491710760000"
    assert read["sender"]["number"] == sender
    assert read["sender"]["toa"]["ton"] == ("international" if sender.isdigit() else "alphanumeric")
    assert read["scts"] == sent_at
    assert_reads(read, text, alphabet)
    if concat:
        assert read["user_data"]["header"]["elements"][0]["data"] == {
            "reference": concat.reference,
            "parts_count": 3,
            "part_number": 2,
        }


@pytest.mark.parametrize("text", ["hello 5€ {}", "Ж😀"])
@pytest.mark.parametrize("sender, shown", [("491721234567", "+491721234567"), ("12345", "12345"), ("MyBank", "MyBank")])
def test_gammu_reads_a_deliver_as_it_was_meant(text, sender, shown):
    sent_at = datetime(2026, 11, 3, 14, 5, 9, tzinfo=timezone(timedelta(hours=2)))
    (segment,) = split(text)
    read = gammu.DecodePDU(encode_deliver(Deliver(sender, text, None, segment.alphabet, sent_at), "491710760000"), True)
    assert read["Type"] == "Deliver"
    assert read["Number"] == shown
    # Where an escaped character made the septets more than the characters, python-gammu reads on behind the end.
    assert read["Text"].partition("\0")[0] == text
    assert read["DateTime"] == sent_at
    assert read["SMSC"]["Number"] == "+491710760000"


@pytest.mark.parametrize("status", [0x00, 0x21, 0x41])
def test_gammu_reads_a_status_report_as_it_was_meant(status):
    sent_at = datetime(2026, 11, 3, 14, 5, 9, tzinfo=UTC)
    report = StatusReport(217, TO, sent_at, sent_at + timedelta(seconds=8), status)
    read = gammu.DecodePDU(encode_status_report(report), True)
    assert read["Type"] == "Status_Report"
    assert read["MessageReference"] == 217
    assert read["Number"] == "+" + TO
    assert read["DateTime"] == sent_at
    assert read["SMSCDateTime"] == sent_at + timedelta(seconds=8)
    assert read["DeliveryStatus"] == status


def test_gammu_reads_the_concatenation_of_a_received_part():
    sent_at = datetime(2026, 11, 3, 14, 5, 9, tzinfo=UTC)
    wide = Deliver(TO, "part", Concat(0xBEEF, 4, 3, wide=True), Alphabet.GSM7, sent_at)
    read = gammu.DecodePDU(encode_deliver(wide), True)["UDH"]
    assert (read["ID16bit"], read["AllParts"], read["PartNumber"]) == (0xBEEF, 4, 3)
