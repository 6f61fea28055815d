"""What holds for every file, and for every file of tests."""

import re
import subprocess
import sys
from collections import Counter

import pytest
from house.tree import ROOT, at, calls, files, modules

MOST_LINES = 400
UNFINISHED = re.compile(r"\b(TO[D]O|FIX[M]E|HA[C]K)\b")  # the brackets keep this line from being found itself
MACHINE = re.compile(r"/(work|farm|root|home/[a-z]+)/")
MEASURING = "bench"
"""Folder of the benchmarks, which may watch a clock: they are no tests."""


def text_of(path):
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        return ""


def places(pattern, paths):
    return [f"{path.relative_to(ROOT)}:{number}: {line.strip()}" for path in paths
            for number, line in enumerate(text_of(path).splitlines(), 1) if pattern.search(line)]


def test_no_module_is_longer_than_four_hundred_lines():
    long = {str(path.relative_to(ROOT)): lines for path in modules("otppi", "actors", "tests") if (lines := len(text_of(path).splitlines())) > MOST_LINES}
    assert not long, "which two rooms are these?"


def test_no_file_names_a_place_of_one_machine():
    assert not places(MACHINE, files())


def test_nothing_is_marked_as_unfinished():
    assert not places(UNFINISHED, modules("otppi", "actors", "tests"))


def test_no_test_sleeps():
    found = [at(path, node) for path in modules("tests") if MEASURING not in path.parts
             for node, name in calls(path) if name in {"time.sleep", "sleep", "asyncio.sleep"}]
    assert not found, "wait for a fact, within a limit"


def test_every_module_says_what_it_is():
    silent = [str(path.relative_to(ROOT)) for path in modules("otppi", "actors") if not text_of(path).lstrip().startswith('"""')]
    assert not silent


def test_the_names_of_test_files_are_unique():
    twice = {name: count for name, count in Counter(path.name for path in modules("tests") if path.name.startswith("test_")).items() if count > 1}
    assert not twice


def test_what_holds_tests_is_found_by_its_name():
    lost = [str(path.relative_to(ROOT)) for path in modules("otppi", "actors", "tests")
            if re.search(r"^def test_|^class Test", text_of(path), re.MULTILINE) and not path.name.startswith("test_")]
    assert not lost


@pytest.mark.timeout(180)
def test_every_test_file_collects_at_least_one_test():
    done = subprocess.run([sys.executable, "-m", "pytest", "tests", "--collect-only", "-q", "-p", "no:cacheprovider"],
                          cwd=ROOT, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    collected = {line.partition("::")[0] for line in done.stdout.splitlines() if "::" in line}
    wanted = {path.relative_to(ROOT).as_posix() for path in modules("tests") if path.name.startswith("test_")}
    assert wanted == collected
