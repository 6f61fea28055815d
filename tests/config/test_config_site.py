import re
from pathlib import Path

import pytest

from otppi.config import Site, load_site, site
from otppi.config.fields import kinds
from otppi.domain.errors import BadSettings

SHIPPED = Path(__file__).parents[2] / "conf" / "otppi.toml"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "otppi.toml"


def problems_of(file, content, environ=None, **more):
    file.write_text(content)
    with pytest.raises(BadSettings) as caught:
        load_site(file, environ or {}, **more)
    return [(path.replace(str(file), "FILE"), sentence) for path, sentence in caught.value.problems]


def test_the_file_is_read(file):
    file.write_text("""
        [admin]
        host = "127.0.0.1"
        port = 80
        [paths]
        run = "/run/otppi"
        [log]
        level = "debug"
        [gates]
        imei_write = true
        [proxy]
        trusted = ["127.0.0.1", "10.0.0.0/8", "::1"]
    """)
    made = load_site(file, {})
    assert (made.admin.host, made.admin.port, made.paths.run, made.log.level) == ("127.0.0.1", 80, "/run/otppi", "debug")
    assert (made.gates.imei_write, made.gates.appliance) == (True, False)
    assert made.proxy.trusted == ("127.0.0.1", "10.0.0.0/8", "::1")
    assert made.paths.data == "/var/lib/otppi"


def test_without_a_path_the_usual_file_is_read_if_it_is_there(file, monkeypatch):
    monkeypatch.setattr(site, "SITE_FILE", file)
    assert load_site(None, {}) == Site()
    file.write_text("[admin]\nport = 81\n")
    assert load_site(None, {}).admin.port == 81


def test_the_environment_goes_over_the_file_and_the_command_line_over_both(file, tmp_path):
    file.write_text('[admin]\nport = 80\n[paths]\ndata = "/from/file"\n')
    environ = {"OTPPI_ADMIN_PORT": "82", "OTPPI_GATES_SYSTEM_CHANGES": "yes", "OTPPI_PROXY_TRUSTED": "127.0.0.1, 10.0.0.0/8",
               "OTPPI_PATHS_DATA": "/from/environment", "OTPPI_LOG_LEVEL": "warning"}
    made = load_site(file, environ)
    assert (made.admin.port, made.gates.system_changes, made.log.level) == (82, True, "warning")
    assert made.proxy.trusted == ("127.0.0.1", "10.0.0.0/8")
    assert made.paths.data == "/from/environment"
    assert load_site(file, environ, data_dir=tmp_path).paths.data == str(tmp_path)


def test_a_relative_data_dir_of_the_command_line_is_made_absolute(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file.write_text('[paths]\ndata = "relative"\n')
    assert load_site(file, {}, data_dir=Path("var/demo")).paths.data == str(tmp_path / "var" / "demo")


def test_variables_that_are_not_ours_are_left_alone(file):
    file.write_text("")
    environ = {"OTPPI_BENCH_MODEMS": "32", "OTPPI_LOG": "x", "OTPPI_": "", "ADMIN_PORT": "1", "PATH": "/bin", "otppi_admin_port": "5"}
    assert load_site(file, environ) == Site()


def test_every_problem_is_told_at_once_with_the_place_where_it_is_to_be_mended(file):
    content = """
        [admin]
        port = 70000
        hots = "x"
        [admim]
        [log]
        level = "wraning"
        [gates]
        imei_write = 1
        [proxy]
        trusted = ["10.0.0.0/8", "somewhere"]
        [paths]
        data = "relative"
    """
    environ = {"OTPPI_ADMIN_HOST": "a b", "OTPPI_ADMIN_PROT": "1", "OTPPI_GATES_APPLIANCE": "perhaps", "OTPPI_LOG_THINGS_THAT_NOBODY_KNOWS_HERE": ""}
    assert sorted(problems_of(file, content, environ)) == [
        ("FILE: [admim]", 'is not known; did you mean "admin"?'),
        ("FILE: [admin] hots", 'is not known; did you mean "host"?'),
        ("FILE: [admin] port", "must be a whole number from 0 to 65535."),
        ("FILE: [gates] imei_write", "must be true or false, not a number."),
        ("FILE: [log] level", 'must be one of "debug", "info", "warning", "error"; did you mean "warning"?'),
        ("FILE: [paths] data", "must be an absolute path; it begins with /."),
        ("FILE: [proxy] trusted", "entry 2 must be an IP address or a network such as 10.0.0.0/8."),
        ("OTPPI_ADMIN_HOST", "must be a host name or address."),
        ("OTPPI_ADMIN_PROT", 'is not known; did you mean "OTPPI_ADMIN_PORT"?'),
        ("OTPPI_GATES_APPLIANCE", "must be true or false, not a text."),
        ("OTPPI_LOG_THINGS_THAT_NOBODY_KNOWS_HERE", "is not known; known are OTPPI_LOG_LEVEL."),
    ]


def test_a_variable_in_small_letters_is_told_and_not_taken(file):
    assert problems_of(file, "", {"OTPPI_ADMIN_port": "80"}) == [
        ("OTPPI_ADMIN_port", 'is not known; did you mean "OTPPI_ADMIN_PORT"?')]


def test_a_data_dir_that_cannot_be_used_is_told_under_its_option(file):
    assert problems_of(file, "", data_dir=Path("/a\nb")) == [("--data-dir", "must not hold control characters.")]


def test_a_variable_mends_what_is_wrong_in_the_file(file):
    file.write_text("[admin]\nport = 70000\n")
    assert load_site(file, {"OTPPI_ADMIN_PORT": "80"}).admin.port == 80


@pytest.mark.parametrize("content", ["admin = 5", "admin = []", "admin = 2026-11-22"])
def test_a_section_that_is_no_table_is_told_even_with_a_variable_over_it(file, content):
    ((path, sentence),) = problems_of(file, content, {"OTPPI_ADMIN_PORT": "80"})
    assert path == "FILE: [admin]"
    assert sentence.startswith("must be an object, not a")


def test_broken_toml_is_a_sentence_with_the_line_and_hides_no_other_problem(file):
    (first, second) = problems_of(file, "[admin]\nport = \n", {"OTPPI_ADMIN_PORT": "x"})
    assert first[0] == "FILE"
    assert re.match(r"is no TOML: .*line 2", first[1])
    assert second == ("OTPPI_ADMIN_PORT", "must be a whole number from 0 to 65535, not a text.")


def test_a_file_that_is_missing_unreadable_or_no_text_is_told(file, tmp_path):
    for path, content, sentence in ((tmp_path / "none.toml", None, "no such file"), (tmp_path, None, "cannot be read"),
                                    (file, b"\xff\xfe", "is not UTF-8 text")):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(BadSettings, match=sentence) as caught:
            load_site(path, {})
        assert caught.value.problems[0][0] == str(path)


def test_the_shipped_file_changes_nothing_until_a_key_is_uncommented():
    assert load_site(SHIPPED, {}) == Site()


def test_the_shipped_file_has_every_key_with_its_default_and_a_line_that_explains_it(file):
    text = SHIPPED.read_text("utf-8")
    lines = text.splitlines()
    keys = [number for number, line in enumerate(lines) if re.match(r"#\w", line)]
    assert all(re.match(r"# \S", lines[number - 1]) for number in keys)
    assert len(keys) == sum(len(kinds(kind.cls)) for kind in kinds(Site).values())
    file.write_text(re.sub(r"(?m)^#(?=\w)", "", text))
    table = site.tomllib.loads(file.read_text())
    assert {name: set(inner) for name, inner in table.items()} == {
        name: set(kinds(kind.cls)) for name, kind in kinds(Site).items()}
    assert load_site(file, {}) == Site()
