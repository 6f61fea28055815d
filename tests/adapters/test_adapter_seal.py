"""AES-256-GCM: what is sealed can be read only whole, with its key and under its name."""

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from otppi.adapters.seal import NONCE_BYTES, Seal

KEY = bytes(range(32))
TAG_BYTES = 16


@given(data=st.binary(max_size=200), about=st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_what_is_sealed_comes_back(data, about):
    assert Seal(KEY).unseal(Seal(KEY).seal(data, about), about) == data


def test_the_sealed_bytes_are_nonce_and_ciphertext_of_aes_gcm():
    sealed = Seal(KEY).seal(b"body", "name")
    assert len(sealed) == NONCE_BYTES + 4 + TAG_BYTES
    assert AESGCM(KEY).decrypt(sealed[:12], sealed[12:], b"name") == b"body"


def test_equal_data_is_never_sealed_alike():
    seal = Seal(KEY)
    assert len({seal.seal(b"body", "name")[:NONCE_BYTES] for _ in range(200)}) == 200


def test_another_key_opens_nothing():
    assert Seal(bytes(32)).unseal(Seal(KEY).seal(b"body", "name"), "name") is None


@pytest.mark.parametrize("name", ["", "nam", "name ", "Name"])
def test_another_name_opens_nothing(name):
    assert Seal(KEY).unseal(Seal(KEY).seal(b"body", "name"), name) is None


def test_one_other_bit_opens_nothing():
    seal = Seal(KEY)
    sealed = seal.seal(b"body", "name")
    for bit in range(8 * len(sealed)):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        assert seal.unseal(bytes(changed), "name") is None


def test_bytes_cut_short_or_added_to_open_nothing():
    seal = Seal(KEY)
    sealed = seal.seal(b"body", "name")
    assert all(seal.unseal(sealed[:length], "name") is None for length in range(len(sealed)))
    assert seal.unseal(sealed + b"\0", "name") is None


@pytest.mark.parametrize("size", [0, 15, 31, 33])
def test_a_key_of_another_size_is_an_error(size):
    with pytest.raises(ValueError, match="key"):
        Seal(bytes(size))
