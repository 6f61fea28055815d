"""The GSM 7-bit alphabet, against the tables of TS 23.038 and smspdudecoder."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smspdudecoder.codecs import GSM

from otppi.at import gsm7

MAIN = "".join(gsm7.decode(bytes([code])) for code in range(128) if code != 0x1B)
EXTENSION = "\f^{}\\[~]|€"
gsm_texts = st.text(alphabet=MAIN + EXTENSION, max_size=200)


def test_the_examples_of_the_standard_pack_as_every_book_shows_them():
    assert gsm7.pack(gsm7.encode("hellohello")).hex() == "e8329bfd4697d9ec37"
    assert gsm7.unpack(bytes.fromhex("e8329bfd4697d9ec37"), 10) == b"hellohello"


def test_the_alphabet_has_127_characters_and_ten_more_behind_escape():
    assert len(set(MAIN)) == 127
    assert gsm7.septet_count(MAIN) == 127
    assert gsm7.septet_count(EXTENSION) == 20


@pytest.mark.parametrize(
    "character, code",
    [
        ("@", "00"),
        ("_", "11"),
        ("Ç", "09"),
        ("ß", "1e"),
        ("¤", "24"),
        ("¡", "40"),
        ("§", "5f"),
        ("à", "7f"),
        ("€", "1b65"),
        ("{", "1b28"),
        ("\\", "1b2f"),
        ("\f", "1b0a"),
    ],
)
def test_characters_that_ascii_has_elsewhere_or_not_at_all_get_the_code_of_the_standard(character, code):
    assert gsm7.encode(character).hex() == code


@pytest.mark.parametrize("text", ["ç", "`", "Ж", "😀", "a\x1bb", "\x1a", "\0", "\t", "\ud83d"])
def test_a_character_outside_the_alphabet_is_refused_without_being_quoted(text):
    assert gsm7.septet_count(text) is None
    with pytest.raises(gsm7.TextError, match=r"^The text has a character outside the GSM 7-bit alphabet$"):
        gsm7.encode("secret" + text)


@given(gsm_texts)
def test_every_text_of_the_alphabet_comes_back_and_is_counted_right(text):
    septets = gsm7.encode(text)
    assert gsm7.decode(septets) == text
    assert gsm7.septet_count(text) == len(septets)


@given(gsm_texts)
def test_packed_texts_are_those_of_smspdudecoder(text):
    septets = gsm7.encode(text)
    assert gsm7.pack(septets).hex().upper() == GSM.encode(text)


@given(st.binary(max_size=200))
def test_no_bytes_make_decode_raise(septets):
    assert len(gsm7.decode(septets)) <= len(septets)


@pytest.mark.parametrize(
    "septets, text",
    [
        (b"\x1b", " "),  # nothing after it
        (b"a\x1b\x1bb", "a b"),  # promised to a further table
        (b"\x1ba", "a"),  # not in the extension table: the main table's character
        (b"\x1b\x00", "@"),
        (b"\x1b\x0d!", "\r!"),
        (b"\x1be\x1be", "€€"),
        (b"\xe1\x9b\xe5", "a€"),  # the eighth bit means nothing
    ],
)
def test_codes_that_the_tables_leave_open_are_read_as_the_standard_says(septets, text):
    assert gsm7.decode(septets) == text


@given(st.binary(max_size=200).map(lambda data: bytes(byte & 0x7F for byte in data)), st.integers(0, 6))
def test_packing_comes_back_at_every_offset_and_takes_no_octet_too_many(septets, fill_bits):
    packed = gsm7.pack(septets, fill_bits)
    assert len(packed) == (7 * len(septets) + fill_bits + 7) // 8
    assert gsm7.unpack(packed, len(septets), fill_bits) == septets


def test_bits_that_the_data_lacks_read_as_zero():
    assert gsm7.unpack(b"\x7f", 3) == b"\x7f\0\0"
