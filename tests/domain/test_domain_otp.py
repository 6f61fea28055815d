"""One-time passwords: made, bound, used once."""

import hmac
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otppi.domain import otp
from otppi.domain.errors import BadTemplate
from otppi.domain.otp import (
    EXPIRED_FOR_S,
    Claim,
    Drop,
    OtpBook,
    Put,
    Verified,
    canonical_address,
    from_line,
    new_code,
    render,
    to_line,
)

NOW = 1_800_000_000.0
KEY = b"k" * 32
CLAIM = Claim("ref", "628126666666", ("100000", "1234567890", "987654", "674527846556468254"))
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
claims = st.builds(Claim, texts, texts, st.tuples(texts, texts, texts, texts))


@pytest.fixture
def book():
    return OtpBook(KEY, max_attempts=3)


@pytest.fixture
def out(book):
    """A code 123456 is out for CLAIM, until a minute from now."""
    book.reserve(CLAIM, "123456", NOW + 60, NOW)
    book.sent(tag(book))
    return book


def tag(book, reference="ref"):
    """The tag of the code that has a reference now; of none, one that fits nothing."""
    key = book._name(reference)
    return Put(key, book._records.get(key, bytes(64))).tag


def verify(book, code="123456", claim=CLAIM, now=NOW):
    return book.verify(claim, code, now)[0]


# codes and messages


@pytest.mark.parametrize("length", [4, 6, 10])
def test_a_code_has_its_digits_and_comes_from_the_secure_generator(length, monkeypatch):
    assert len(new_code(length)) == length
    assert new_code(length).isdecimal()
    asked = []
    monkeypatch.setattr(otp.secrets, "randbelow", lambda limit: asked.append(limit) or 7)
    assert new_code(length) == "7".rjust(length, "0")
    assert asked == [10**length]


@pytest.mark.parametrize("template,text", [
    ("Your OTP is %s", "Your OTP is 0421"), ("%s", "0421"), ("100%% %s", "100% 0421"), ("%%%s%%", "%0421%"), ("%%s %s", "%s 0421"), ("a\n%s", "a\n0421"),
])
def test_the_code_takes_the_place_of_the_one_placeholder(template, text):
    assert render(template, "0421") == text


@pytest.mark.parametrize("template", ["", "no code", "%s %s", "%d", "100% %s", "%s %", "%%s", "%S", "%1$s", "%s%d", "% s"])
def test_a_message_without_exactly_one_placeholder_is_refused(template):
    with pytest.raises(BadTemplate, match="exactly once"):
        render(template, "0421")


@given(texts, texts)
def test_whatever_stands_around_the_placeholder_stays(before, after):
    assert render(before.replace("%", "%%") + "%s" + after.replace("%", "%%"), "%s%%") == f"{before}%s%%{after}"


@pytest.mark.parametrize("address,bound", [(" A.B@Example.COM ", "A.B@example.com"), ("a@b@C", "a@b@c")])
def test_an_address_is_trimmed_and_its_domain_lowered(address, bound):
    assert canonical_address(address) == bound


# verification


def test_the_right_code_is_right_once(out):
    assert verify(out) is Verified.RIGHT
    assert verify(out) is Verified.WRONG
    assert len(out) == 0


def test_a_code_can_be_verified_before_its_message_has_an_outcome(book):
    book.reserve(CLAIM, "123456", NOW + 60, NOW)
    assert verify(book) is Verified.RIGHT
    assert book.sent(tag(book)) is None


@pytest.mark.parametrize("claim", [
    Claim("ref2", CLAIM.receiver, CLAIM.params), Claim("ref", "628126666667", CLAIM.params),
    *(Claim("ref", CLAIM.receiver, tuple("" if n == place else param for n, param in enumerate(CLAIM.params))) for place in range(4)),
])
def test_a_code_is_bound_to_reference_receiver_and_every_param(out, claim):
    assert verify(out, claim=claim) is Verified.WRONG
    assert verify(out) is Verified.RIGHT


@pytest.mark.parametrize("code", ["", "123457", "1234567", "12345", " 123456", "one"])
def test_a_wrong_code_is_wrong(out, code):
    assert verify(out, code) is Verified.WRONG


def test_too_many_wrong_guesses_kill_the_code(out):
    for _ in range(3):
        assert verify(out, "000000") is Verified.WRONG
    assert verify(out) is Verified.WRONG


def test_one_guess_less_than_too_many_does_not(out):
    verify(out, "000000")
    verify(out, claim=Claim("ref", "628999999999", CLAIM.params))
    assert verify(out) is Verified.RIGHT


def test_guesses_of_receiver_and_params_count_as_well(out):
    verify(out, claim=Claim("ref", "628999999999", CLAIM.params))
    verify(out, claim=Claim("ref", CLAIM.receiver, ("", "", "", "")))
    verify(out, "000000")
    assert verify(out) is Verified.WRONG


def test_no_setting_allows_more_guesses_than_can_be_counted():
    book = OtpBook(KEY, max_attempts=10_000)
    book.reserve(CLAIM, "123456", NOW + 60, NOW)
    for _ in range(255):
        verify(book, "000000")
    assert verify(book) is Verified.WRONG


def test_an_expired_code_is_told_as_such_for_ten_minutes(out):
    assert verify(out, now=NOW + 59.9) is Verified.RIGHT
    out.reserve(CLAIM, "123456", NOW + 60, NOW)
    assert EXPIRED_FOR_S == 600
    assert verify(out, now=NOW + 60) is Verified.EXPIRED
    assert verify(out, now=NOW + 60 + 599) is Verified.EXPIRED
    assert verify(out, now=NOW + 60 + 600) is Verified.WRONG


def test_what_expired_long_ago_is_swept_and_the_rest_stays(out):
    out.reserve(Claim("later", "1", ("",) * 4), "1", NOW + 61, NOW)
    assert out.sweep(NOW + 60 + 599) == []
    assert len(out.sweep(NOW + 60 + 600)) == len(out) == 1


# the reference


def test_a_reference_in_use_is_taken(out):
    assert out.reserve(CLAIM, "654321", NOW + 60, NOW) is None
    assert out.reserve(Claim("ref", "another", ("",) * 4), "654321", NOW + 60, NOW) is None
    assert verify(out) is Verified.RIGHT, "the first code is untouched"


def test_a_dead_code_holds_its_reference_until_it_expires(out):
    for _ in range(3):
        verify(out, "000000")
    assert out.reserve(CLAIM, "654321", NOW + 60, NOW + 59) is None
    assert out.reserve(CLAIM, "654321", NOW + 120, NOW + 60) is not None
    assert verify(out, "654321", now=NOW + 60) is Verified.RIGHT


@pytest.mark.parametrize("how", ["verified", "failed", "expired"])
def test_a_reference_is_free_again_once_its_code_is_over(out, how):
    now = NOW
    match how:
        case "verified":
            verify(out)
        case "failed":
            assert isinstance(out.failed(tag(out)), Drop)
        case "expired":
            now = NOW + 60
    assert out.reserve(CLAIM, "654321", NOW + 120, now) is not None
    assert verify(out, "123456", now=now) is Verified.WRONG
    assert verify(out, "654321", now=now) is Verified.RIGHT


def test_the_end_of_an_older_message_does_not_touch_the_newer_code_of_its_reference(book):
    first = book.reserve(CLAIM, "111111", NOW + 60, NOW)
    second = book.reserve(CLAIM, "222222", NOW + 200, NOW + 60)
    assert book.failed(first.tag) is None
    assert book.sent(first.tag) is None
    assert isinstance(book.sent(second.tag), Put)
    assert verify(book, "222222", now=NOW + 60) is Verified.RIGHT


def test_wrong_guesses_before_the_outcome_do_not_hide_whose_message_it_was(book):
    first = book.reserve(CLAIM, "111111", NOW + 60, NOW)
    verify(book, "000000")
    assert isinstance(book.failed(first.tag), Drop)


def test_codes_in_hand_are_known_by_their_tags(book):
    first = book.reserve(CLAIM, "111111", NOW + 60, NOW)
    second = book.reserve(Claim("other", *(CLAIM.receiver, CLAIM.params)), "222222", NOW + 60, NOW)
    book.sent(second.tag)
    assert book.in_hand() == [first.tag]


def test_an_unknown_reference_is_wrong_and_nothing_is_written(book):
    assert book.verify(CLAIM, "123456", NOW) == (Verified.WRONG, None)
    assert book.failed(tag(book)) is book.sent(tag(book)) is None


# what is kept


def test_the_record_is_compared_in_constant_time(out, monkeypatch):
    compared = []
    monkeypatch.setattr(otp.hmac, "compare_digest", lambda a, b: compared.append((a, b)) or a == b)
    assert verify(out) is Verified.RIGHT
    assert len(compared) == 1
    assert len(compared[0][0]) == otp.DIGEST_BYTES


def test_an_unknown_reference_costs_a_digest_as_a_known_one_does(book, monkeypatch):
    digests, digest = [], hmac.digest
    monkeypatch.setattr(otp.hmac, "digest", lambda *args: digests.append(args) or digest(*args))
    verify(book)
    assert len(digests) == 2


def framed(claim, code):
    return OtpBook(KEY, max_attempts=1)._digest(claim, code)


@given(claims, claims, texts, texts)
def test_different_claims_have_different_digests(one, other, code, other_code):
    assert (framed(one, code) == framed(other, other_code)) is ((one, code) == (other, other_code))


def test_text_that_moves_from_one_field_to_the_next_changes_the_digest():
    assert framed(Claim("a", "bc", ("d", "", "", "")), "1") != framed(Claim("ab", "c", ("d", "", "", "")), "1")
    assert framed(Claim("a", "b", ("c", "d", "", "")), "1") != framed(Claim("a", "b", ("cd", "", "", "")), "1")
    assert framed(Claim("a", "b", ("", "", "", "1")), "") != framed(Claim("a", "b", ("", "", "", "")), "1")
    length = struct.pack(">I", 1).decode()
    assert framed(Claim("a", f"b{length}c", ("", "", "", "")), "1") != framed(Claim("a", "b", ("c", "", "", "")), "1")


def test_another_key_makes_other_records(out):
    stranger = OtpBook(b"x" * 32, max_attempts=3)
    stranger.load(out.everything())
    assert verify(stranger) is Verified.WRONG
    assert {put.key for put in out.everything()}.isdisjoint({OtpBook(b"x" * 32, max_attempts=3).reserve(CLAIM, "123456", NOW + 1, NOW).key})


def test_no_written_byte_and_no_repr_holds_code_receiver_params_or_reference(out):
    written = b"\n".join([*(to_line(put) for put in out.everything()), to_line(out.verify(CLAIM, "271828", NOW)[1]), to_line(out.failed(tag(out)))])
    raw = written + b"".join(bytes.fromhex(line[1:].decode()) for line in written.split(b"\n"))
    for secret in (b"123456", b"628126666666", b"8126666", *(param.encode() for param in CLAIM.params), b"ref", b"271828"):
        assert secret not in raw
        assert secret.hex().encode() not in written
    assert "628126666666" not in repr(CLAIM)
    assert "100000" not in repr(CLAIM)


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=30, max_size=30))
def test_a_line_of_the_journal_reads_as_it_was_written(key, record):
    for change in (Put(key, record), Drop(key)):
        assert from_line(to_line(change)) == change
        assert b"\n" not in to_line(change)


steps = st.lists(st.tuples(st.sampled_from(("reserve", "sent", "failed", "right", "wrong", "sweep")), st.sampled_from("abc"), st.integers(0, 700)), max_size=40)


@given(steps)
def test_the_journal_s_lines_give_the_same_book(steps):
    book, lines, now = OtpBook(KEY, max_attempts=2), [], NOW
    for step, reference, seconds in steps:
        now += seconds
        claim, changes = Claim(reference, "62", ("",) * 4), []
        match step:
            case "reserve":
                changes = [book.reserve(claim, "123456", now + 300, now)]
            case "sent":
                changes = [book.sent(tag(book, reference))]
            case "failed":
                changes = [book.failed(tag(book, reference))]
            case "right" | "wrong":
                changes = [book.verify(claim, "123456" if step == "right" else "0", now)[1]]
            case "sweep":
                changes = book.sweep(now)
        lines += [to_line(change) for change in changes if change is not None]
    again = OtpBook(KEY, max_attempts=2)
    again.load(from_line(line) for line in lines)
    compacted = OtpBook(KEY, max_attempts=2)
    compacted.load(from_line(to_line(put)) for put in book.everything())
    assert again._records == book._records
    assert compacted._records == book._records


def test_a_record_of_another_size_is_left_out(out):
    other = OtpBook(KEY, max_attempts=3)
    other.load([Put(b"k" * 16, b"short"), *out.everything()])
    assert len(other) == 1
