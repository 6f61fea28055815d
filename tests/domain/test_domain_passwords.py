"""Password records: ours and the original's, all compared in like time."""

import hashlib

import pytest

from otppi.domain import passwords
from otppi.domain.errors import Mistake
from otppi.domain.passwords import NOBODY, Match, check_new, imported, matches, record, takes_hash, upgraded
from otppi.domain.secret import Secret

RIGHT = Secret("correct horse")
OURS = record(RIGHT)
HASH = hashlib.sha256(b"correct horse").hexdigest()
OF_HASH = upgraded(Secret(HASH), imported(HASH))
HEX = "0f" * 32  # a password that looks like a hash
HASH_OF_HEX = hashlib.sha256(HEX.encode()).hexdigest()
OURS_OF_HEX, OF_HASH_OF_HEX = record(Secret(HEX)), upgraded(Secret(HASH_OF_HEX), imported(HASH_OF_HEX))
OF_NOTHING = record(Secret(""))
SALTED = {OURS: "ours", OF_HASH: "of a hash", OURS_OF_HEX: "ours of hex", OF_HASH_OF_HEX: "of a hash of hex", OF_NOTHING: "of nothing", NOBODY: "nobody"}
"""What holds a random salt, by the name of its test: that must be the same in every worker."""


@pytest.fixture
def hashings(monkeypatch):
    """Count the slow hashings."""
    done, scrypt = [], hashlib.scrypt
    monkeypatch.setattr(passwords.hashlib, "scrypt", lambda *args, **kwargs: done.append((kwargs["n"], kwargs["r"], kwargs["p"])) or scrypt(*args, **kwargs))
    return done


@pytest.mark.parametrize("stored,given,match", [
    (OURS, "correct horse", Match.YES), (OURS, "Correct horse", Match.NO), (OURS, "", Match.NO), (OURS, OURS, Match.NO), (OURS, HASH, Match.NO), (OURS, "\ud800", Match.NO),
    (imported(HASH), "correct horse", Match.IMPORTED), (imported(HASH), HASH, Match.IMPORTED_HASH), (imported(HASH), HASH.upper(), Match.IMPORTED_HASH),
    (imported(HASH.upper()), "correct horse", Match.IMPORTED), (imported(HASH), "wrong horse", Match.NO), (imported(HASH), "", Match.NO), (imported(HASH), "\ud800", Match.NO),
    (imported(hashlib.sha256(b"").hexdigest()), "", Match.NO), (OF_NOTHING, "", Match.NO),
    (NOBODY, "correct horse", Match.NO), (NOBODY, "", Match.NO), (NOBODY, "otppi: nobody", Match.NO),
    (OF_HASH, "correct horse", Match.IMPORTED), (OF_HASH, HASH, Match.IMPORTED_HASH), (OF_HASH, HASH.upper(), Match.IMPORTED_HASH), (OF_HASH, "", Match.NO),
    (OF_HASH, "wrong horse", Match.NO), (OF_HASH, "0" * 64, Match.NO), (OF_HASH, HASH + "\n", Match.NO), (OF_HASH, "\ud800", Match.NO), (OF_HASH, OF_HASH, Match.NO),
    (OURS_OF_HEX, HEX, Match.YES), (OURS_OF_HEX, HEX.upper(), Match.NO), (OURS_OF_HEX, HASH_OF_HEX, Match.NO),
    (OF_HASH_OF_HEX, HEX, Match.IMPORTED), (OF_HASH_OF_HEX, HASH_OF_HEX, Match.IMPORTED_HASH), (imported(HASH_OF_HEX), HEX, Match.IMPORTED),
], ids=SALTED.get)
def test_a_password_matches_its_own_record_only(stored, given, match):
    assert matches(Secret(given), stored) is match


@pytest.mark.parametrize("stored", [OURS, NOBODY, imported(HASH), OF_HASH], ids=["ours", "nobody", "the original's", "of a hash"])
@pytest.mark.parametrize("given", ["correct horse", "wrong", ""])
def test_every_comparison_costs_one_slow_hashing_of_the_same_size(hashings, stored, given):
    matches(Secret(given), stored)
    assert hashings == [(2**14, 8, 1)]


@pytest.mark.parametrize("stored", [OURS, NOBODY, imported(HASH), OF_HASH], ids=["ours", "nobody", "the original's", "of a hash"])
def test_a_guess_that_looks_like_a_hash_costs_two_whatever_the_record_is(hashings, stored):
    assert matches(Secret("0" * 64), stored) is Match.NO
    assert hashings == [(2**14, 8, 1)] * 2


@pytest.mark.parametrize("stored,given", [(OF_HASH, HASH), (OURS_OF_HEX, HEX)], ids=SALTED.get)
def test_who_is_right_pays_once_also_with_what_looks_like_a_hash(hashings, stored, given):
    assert matches(Secret(given), stored) is not Match.NO
    assert len(hashings) == 1


@pytest.mark.parametrize("given", ["correct horse", "0" * 64])
@pytest.mark.parametrize("stored", ["", "scrypt", "scrypt$", "scrypt$1$2", "md5$16384$8$1$YQ==$YQ==", "plain"])
def test_what_is_no_record_is_an_error_and_matches_nothing(stored, given):
    with pytest.raises(ValueError):
        matches(Secret(given), stored)


def test_a_record_is_made_better_by_what_was_proven_and_not_again_and_again():
    by_password, by_hash = upgraded(RIGHT, imported(HASH)), upgraded(Secret(HASH.upper()), imported(HASH))
    assert (by_password.partition("$")[0], by_hash.partition("$")[0]) == ("scrypt", "scrypt-sha256")
    assert (matches(RIGHT, by_password), matches(Secret(HASH), by_password)) == (Match.YES, Match.NO)
    assert (matches(RIGHT, by_hash), matches(Secret(HASH), by_hash)) == (Match.IMPORTED, Match.IMPORTED_HASH)
    assert [takes_hash(each) for each in (by_password, by_hash, imported(HASH))] == [False, True, False]
    assert HASH not in by_hash
    assert upgraded(Secret(HASH), by_hash) is None
    assert matches(RIGHT, upgraded(RIGHT, by_hash)) is Match.YES
    assert upgraded(RIGHT, by_password) is None


def test_the_hash_that_a_client_sends_again_and_again_costs_no_slow_hashing_at_the_upgrade(hashings):
    upgraded(Secret(HASH), OF_HASH)
    assert hashings == []


def test_records_are_compared_in_constant_time(monkeypatch):
    compared = []
    monkeypatch.setattr(passwords.hmac, "compare_digest", lambda a, b: compared.append(1) or a == b)
    assert matches(RIGHT, OURS) is Match.YES
    assert matches(RIGHT, imported(HASH)) is Match.IMPORTED
    assert matches(RIGHT, OF_HASH) is Match.IMPORTED
    assert len(compared) == 4  # the original's takes a scrypt that nothing matches, and its own comparison


def test_two_records_of_one_password_differ_and_hold_nothing_of_it():
    assert record(RIGHT) != OURS
    assert "correct" not in OURS
    assert HASH not in OURS
    assert OURS.startswith("scrypt$16384$8$1$")


@pytest.mark.parametrize("text", ["", "short", "x" * 7, "x" * 201])
def test_a_new_password_has_8_to_200_characters(text):
    with pytest.raises(Mistake, match="8 to 200"):
        check_new(Secret(text))
    check_new(Secret("x" * 8))
    check_new(Secret("x" * 200))


@pytest.mark.parametrize("text", ["", "password", "g" * 64, "a" * 63, "a" * 65, HASH + "\n"])
def test_what_is_no_sha_256_is_not_imported(text):
    with pytest.raises(Mistake):
        imported(text)


def test_a_secret_shows_nothing_and_compares_by_its_text():
    assert repr(Secret("abc")) == str(Secret("abc")) == f"{Secret('abc')}" == "Secret(set)"
    assert repr(Secret("")) == "Secret(empty)"
    assert Secret("abc") == Secret("abc")
    assert hash(Secret("abc")) == hash(Secret("abc"))
    assert Secret("abc") != Secret("abd")
    assert Secret("abc") != "abc"
    assert Secret("\ud800") != Secret("a")
    assert Secret("abc")
    assert not Secret("")
    assert Secret("abc").reveal() == "abc"
