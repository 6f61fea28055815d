"""The README keeps its word: its commands exist, its examples validate, its tables are the code's."""

import argparse
import json
import re
import shlex

import pytest
from house.tree import ROOT, modules

from otppi.cli import COMMANDS as WORDS
from otppi.config.sections import SECTIONS
from otppi.domain import requests
from otppi.domain.outcome import Fate
from otppi.domain.replies import DUPLICATE, EXPIRED, FAILED, INVALID_OTP, OK, UNAUTHORIZED

README = (ROOT / "README.md").read_text("utf-8")
SHELL = [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]
PROSE = re.sub(r"```.*?```", "", README, flags=re.DOTALL)
LATER = {"send-email", "send-mail"}


def table(head):
    """Give the rows of the table whose first column is headed so."""
    (body,) = re.findall(rf"^\| {re.escape(head)} \|.*\n\|[-|]+\n((?:\|.*\n)+)", README, re.MULTILINE)
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in body.splitlines()]


def names(cell):
    """Give what stands in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def commands_of_otppi():
    """Give every ``otppi …`` that the README shows, without the shell around it."""
    shown = SHELL + names(PROSE)
    parts = [part.strip() for line in shown for part in re.split(r" \| | < ", line)]
    return sorted({part.removeprefix("sudo ") for part in parts if re.match(r"(sudo )?otppi (?!ready)[a-z]", part)})


@pytest.mark.parametrize("line", [line for line in commands_of_otppi() if not re.search(r" [A-Z]{3,}", line)])
def test_every_command_of_the_readme_is_one(line):
    parser = argparse.ArgumentParser(exit_on_error=False)
    commands = parser.add_subparsers()
    for word in WORDS:
        word.register(commands)
    words = [word for word in shlex.split(line)[1:] if word != "…"]
    partial = words == ["user", "add-api"]  # in the text, without the name
    assert callable(parser.parse_args([*words, *(["shop"] if partial else [])]).run)


def test_every_settings_example_validates():
    examples = re.findall(r"^echo '(.*)' \| otppi settings set (\w+) -$", "\n".join(SHELL), re.MULTILINE)
    assert [section for _, section in examples] == ["sms", "modems", "routing", "subscribers"]
    for value, section in examples:
        problems = []
        SECTIONS[section].read(json.loads(value), problems)
        assert not problems


def test_the_sections_of_the_readme_are_the_settings():
    (line,) = [line for line in README.splitlines() if "otppi settings show SECTION" in line]
    assert set(re.findall(r"`([a-z]+)`", line.partition("SECTION`")[2])) == set(SECTIONS)


def test_every_body_of_the_readme_is_understood():
    bodies = re.findall(r"curl .* -d '(.*)'$", README, re.MULTILINE)
    assert len(bodies) > 1
    for body in bodies:
        assert requests.parse(body.encode()).request.receiver


def test_the_table_of_commands_is_the_parsers_and_honest_about_what_comes():
    rows = {name: row[2] for row in table("command") for name in names(row[0])}
    assert set(rows) == set(requests.COMMANDS)
    assert {name for name, works in rows.items() if works == "later"} == LATER
    source = (ROOT / "actors" / "gateway.py").read_text("utf-8")
    assert source.count("_LATER.format") == 1, "a command works now: say so in the README"


def test_the_fields_of_the_table_are_read_by_the_parser():
    source = (ROOT / "otppi" / "domain" / "requests.py").read_text("utf-8")
    fields = {field for row in table("command") for field in names(row[1])} - {"%s", "{}", "otp", "single", "bulk", "param1", "param4"}
    assert not [field for field in fields if f'"{field}"' not in source]


def test_the_table_of_codes_is_complete():
    known = {fate.code for fate in Fate} | {OK, UNAUTHORIZED, FAILED, DUPLICATE, INVALID_OTP, EXPIRED}
    assert {names(row[0])[0] for row in table("`response_code`")} == known


def test_every_path_of_the_readme_is_served_by_default():
    paths = set(re.findall(r"/api/[a-z]+", PROSE.partition("## The API")[2].partition("decides")[0]))
    assert paths == {path for group in SECTIONS["api"].to_json(SECTIONS["api"].default, masked=True)["paths"].values() for path in group}


def test_every_room_and_every_owner_is_in_the_readme():
    rooms = {names(row[0])[0] for row in table("room")}
    assert {f"otppi/{path.parent.name}/" for path in (ROOT / "otppi").glob("*/__init__.py")} | {"actors/"} <= rooms
    assert all((ROOT / room).exists() for room in rooms)
    owners = {name for row in table("who") for name in names(row[0])}
    assert owners <= {path.stem for path in modules("actors")}


def test_every_file_and_target_that_the_readme_names_is_there():
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert set(re.findall(r"\bmake ([a-z]+)(?=`|$)", README, re.MULTILINE)) <= set(targets)
    copied = [words[2] for line in SHELL if (words := line.split())[:2] == ["sudo", "cp"]]
    assert copied
    assert all((ROOT / name).is_file() for name in copied)
