"""Phone numbers: one number in all its spellings, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otppi.domain.errors import BadNumber
from otppi.domain.msisdn import canonical, canonical_prefix, mask

NUMBER = "628126666666"


@pytest.mark.parametrize("text", [
    "08126666666", "+628126666666", "628126666666", "00628126666666", "0812-6666-666", "+62 812 6666 666", " 0812.666.6666 ", "(0812) 6666666", "+62(812)6666666",
    "+62 (0)812 6666 666", "0062 (0) 812 6666666", "(+62) 812 6666666", "0812\u00a06666\u2010666", "0812/6666666", "\t08126666666\n",
])
def test_one_number_in_all_its_spellings_is_the_same(text):
    assert canonical(text, "62") == NUMBER


@given(st.from_regex(r"[1-9][0-9]{7,11}", fullmatch=True), st.sampled_from(["1", "49", "62", "351"]), st.sampled_from(["", " ", "-", "."]))
def test_every_spelling_of_any_number_is_the_same(subscriber, country, separator):
    spread = separator.join(subscriber[n : n + 3] for n in range(0, len(subscriber), 3))
    expected = country + subscriber
    for text in (f"+{country}{separator}{spread}", f"00{country}{separator}{spread}", f"0{spread}", f"{country}{separator}{spread}", f"+{country} (0){spread}"):
        assert canonical(text, country) == expected
    assert canonical(expected, country) == expected


@pytest.mark.parametrize("text", [
    "", " ", "+", "00", "0", "hello", "a@example.com", "0812x666666", "+62812666666666666", "1234567", "+0812666666", "0000812666666", "++628126666666", "62+8126666666",
    "*888#", "08126666666;", "08126666666\x1a", '08126666666"', "0812666\x006666", "\u0660\u0668\u0661\u0662\u0666\u0666\u0666\u0666\u0666", "０８１２６６６６６６６",
    "0812,6666666", "-", "()",
])
def test_nonsense_is_refused_without_being_repeated(text):
    with pytest.raises(BadNumber, match=r"^The receiver is") as caught:
        canonical(text, "62")
    if len(text.strip()) > 2:
        assert text.strip() not in str(caught.value)


def test_an_empty_receiver_is_called_empty():
    with pytest.raises(BadNumber, match="empty"):
        canonical(" ", "62")


@given(st.text(max_size=20))
def test_any_text_is_a_number_of_8_to_15_digits_or_refused(text):
    try:
        number = canonical(text, "62")
    except BadNumber:
        return
    assert number.isascii()
    assert number.isdecimal()
    assert 8 <= len(number) <= 15
    assert number[0] != "0"


@pytest.mark.parametrize("text,prefix", [("0871", "62871"), ("62871", "62871"), ("+62871", "62871"), ("0062871", "62871"), ("0", "62"), ("8", "8")])
def test_a_prefix_is_stored_as_it_stands_in_a_canonical_number(text, prefix):
    assert canonical_prefix(text, "62") == prefix


@pytest.mark.parametrize("text", ["", "+", "00", "x", "000", "0" * 20, "1" * 16, "62*"])
def test_nonsense_is_no_prefix(text):
    with pytest.raises(BadNumber):
        canonical_prefix(text, "62")


@pytest.mark.parametrize("number,masked", [(NUMBER, "628126666XXX"), ("1234", "1XXX"), ("123", "XXX"), ("1", "XXX"), ("", "XXX")])
def test_a_mask_hides_the_last_three_digits(number, masked):
    assert mask(number) == masked
