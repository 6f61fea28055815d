import ssl
import stat
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from doubles.authority import chain, locked, pair

from otppi.config import SECTIONS, Certificate, SettingsBook
from otppi.config.pair import BadPair, proven
from otppi.domain.errors import BadSettings
from otppi.domain.secret import Secret
from otppi.store import FileSections

TEXT, KEY = pair()
OTHER, OTHER_KEY = pair("other")


@pytest.fixture
def store(tmp_path):
    return FileSections(tmp_path / "settings")


@pytest.fixture
def book(store):
    return SettingsBook(store)


def entry(**keys):
    return {"id": "a", "certificate": TEXT, "key": KEY} | keys


def refused(**keys):
    problems = []
    assert SECTIONS["certificates"].read([entry(**keys)], problems) is None
    ((path, sentence),) = problems
    return path.removeprefix("settings/certificates: "), sentence


def test_a_certificate_needs_its_id_and_the_pair_and_has_these_defaults(book):
    book.set("certificates", [entry()])
    assert book.get("certificates") == (Certificate(id="a", name="", certificate=TEXT, key=Secret(KEY), active=True),)


def test_the_key_is_masked_kept_when_sent_back_and_after_a_restart(book, store):
    book.set("certificates", [entry()])
    (shown,) = book.show("certificates")
    assert shown == {"id": "a", "name": "", "certificate": TEXT, "key": {"secret": "set"}, "active": True}
    book.set("certificates", [shown | {"name": "Shop"}])
    (kept,) = SettingsBook(store).get("certificates")
    assert (kept.name, kept.key) == ("Shop", Secret(KEY))


def test_the_key_lies_in_the_settings_file_alone_which_is_its_owners(book, tmp_path):
    book.set("certificates", [entry()])
    secret_line = KEY.splitlines()[1]
    holding = [path for path in tmp_path.rglob("*") if path.is_file() and secret_line in path.read_text("utf-8")]
    assert [path.stem.partition(".")[0] for path in holding] == ["certificates"]
    assert stat.S_IMODE(holding[0].stat().st_mode) == 0o600


def test_a_new_certificate_does_not_take_the_old_key_and_the_old_pair_stays(book, store):
    book.set("certificates", [entry()])
    with pytest.raises(BadSettings, match="key: does not belong to the certificate"):
        book.set("certificates", [entry(certificate=OTHER, key={"secret": "set"})])
    assert book.get("certificates")[0].certificate == store.load("certificates")[0]["certificate"] == TEXT


@pytest.mark.parametrize("keys, field, words", [
    ({"certificate": "hello"}, "certificate", "must be PEM text; it begins with -----BEGIN CERTIFICATE-----"),
    ({"certificate": KEY}, "certificate", "holds a private key"),
    ({"certificate": TEXT + KEY}, "certificate", "holds a private key"),
    ({"certificate": TEXT[:200]}, "certificate", "cannot be read; a part of the PEM text is broken or missing."),
    ({"certificate": TEXT + OTHER[:200]}, "certificate", "cannot be read"),
    ({"certificate": ""}, "certificate", "must not be empty."),
    ({"certificate": TEXT + "\0"}, "certificate", "must not hold control characters."),
    ({"certificate": TEXT + "x" * 70_000}, "certificate", "must have at most 65536 characters."),
    ({"key": None}, "key", "is missing"),
    ({"key": "hello"}, "key", "must be PEM text"),
    ({"key": TEXT}, "key", "must be PEM text"),
    ({"key": KEY[:120]}, "key", "cannot be read"),
    ({"key": KEY.replace(KEY.splitlines()[1], "")}, "key", "cannot be read"),
    ({"key": locked(KEY)}, "key", "is protected by a passphrase; write it without (openssl pkey -in FILE)."),
    ({"key": OTHER_KEY}, "key", "does not belong to the certificate"),
    ({"key": pair("r", kind="rsa")[1]}, "key", "does not belong to the certificate"),
    ({"certificate": OTHER + TEXT}, "key", "does not belong to the certificate, or the certificate is not the first of its chain."),
])
def test_a_pair_that_cannot_serve_is_refused_where_it_is_wrong(keys, field, words):
    path, sentence = refused(**keys)
    assert (path, sentence[:len(words)]) == (f"[a].{field}", words)
    assert not any(line in sentence for line in KEY.splitlines()[1:-1])


def test_a_key_that_is_too_weak_or_a_certificate_that_no_client_would_take_is_refused():
    weak, weak_key = pair("weak", kind="rsa", bits=1024)
    assert refused(certificate=weak, key=weak_key) == ("[a].certificate", "is refused: ee key too small.")
    theirs, their_key = pair("client", usage=ExtendedKeyUsageOID.CLIENT_AUTH)
    path, sentence = refused(certificate=theirs, key=their_key)
    assert path == "[a].certificate"
    assert sentence.startswith("would be refused by every client: uns")


@pytest.mark.parametrize("certificate, key", [
    (TEXT, KEY), (TEXT.replace("\n", "\r\n"), KEY.replace("\n", "\r\n")), (f"Für den Laden:\n{TEXT}", f"# ours\n{KEY}"),
    (TEXT.strip(), KEY.strip()), pair("rsa", kind="rsa"), chain()[:2], pair("past", begins=-20, ends=-10), pair("future", begins=10, ends=20),
], ids=["ec", "windows", "remarks", "bare", "rsa", "chain", "expired", "not yet"])
def test_every_pair_that_can_serve_is_taken_whatever_its_dates(certificate, key):
    problems = []
    assert SECTIONS["certificates"].read([entry(certificate=certificate, key=key)], problems)
    assert problems == []


def test_an_inactive_pair_is_tried_too_so_that_it_can_be_made_active_later():
    assert refused(active=False, key=OTHER_KEY)[0] == "[a].key"


def test_at_most_one_is_active(book):
    with pytest.raises(BadSettings) as caught:
        book.set("certificates", [entry(), entry(id="b"), entry(id="c", active=False), entry(id="d")])
    assert dict(caught.value.problems) == {
        f"settings/certificates: [{name}].active": 'must be false while certificate "a" is active; one serves at a time.' for name in "bd"}
    book.set("certificates", [entry(active=False), entry(id="b")])
    assert [one.id for one in book.get("certificates") if one.active] == ["b"]


def test_neither_text_nor_key_is_in_the_repr(book):
    book.set("certificates", [entry()])
    assert "BEGIN" not in repr(book.get("certificates"))


def test_a_proven_pair_tells_its_dates_and_serves_by_our_rules():
    proof = proven(*_secret(pair("dated", begins=-3, ends=5)))
    assert proof.ends - proof.begins == 8 * 86_400
    assert proof.context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert proof.context.num_tickets == 0
    assert proof.context.options & ssl.OP_NO_RENEGOTIATION


def test_trying_a_pair_leaves_no_file_open_and_none_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    before = len(list(Path("/proc/self/fd").iterdir()))
    proven(TEXT, Secret(KEY))
    for key in (OTHER_KEY, locked(KEY)):
        with pytest.raises(BadPair):
            proven(TEXT, Secret(key))
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert list(tmp_path.iterdir()) == []


def _secret(texts):
    return texts[0], Secret(texts[1])
