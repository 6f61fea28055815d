"""Password records: ours and the original's, all compared in like time."""

import hashlib

import pytest

from otppi.domain import passwords
from otppi.domain.errors import Mistake
from otppi.domain.passwords import NOBODY, Match, check_new, imported, matches, record
from otppi.domain.secret import Secret

RIGHT = Secret("correct horse")
OURS = record(RIGHT)
HASH = hashlib.sha256(b"correct horse").hexdigest()


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
    (imported(hashlib.sha256(b"").hexdigest()), "", Match.NO), (record(Secret("")), "", Match.NO),
    (NOBODY, "correct horse", Match.NO), (NOBODY, "", Match.NO), (NOBODY, "otppi: nobody", Match.NO),
])
def test_a_password_matches_its_own_record_only(stored, given, match):
    assert matches(Secret(given), stored) is match


@pytest.mark.parametrize("stored,given", [(OURS, "correct horse"), (OURS, "wrong"), (OURS, ""), (NOBODY, "x"), (imported(HASH), "wrong"), (imported(HASH), "")])
def test_every_refusal_costs_one_slow_hashing_of_the_same_size(hashings, stored, given):
    matches(Secret(given), stored)
    assert hashings == [(2**14, 8, 1)]


def test_the_record_of_a_user_moved_over_is_not_slow_when_it_matches(hashings):
    matches(RIGHT, imported(HASH))
    assert hashings == []


def test_records_are_compared_in_constant_time(monkeypatch):
    compared = []
    monkeypatch.setattr(passwords.hmac, "compare_digest", lambda a, b: compared.append(1) or a == b)
    assert matches(RIGHT, OURS) is Match.YES
    assert matches(RIGHT, imported(HASH)) is Match.IMPORTED
    assert len(compared) == 3


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
