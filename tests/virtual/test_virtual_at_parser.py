from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otppi.virtual.at_parser import Command, Kind, MalformedLineError, cut, parse


@pytest.mark.parametrize(
    "line,commands",
    [
        ("", []),
        ("E0", [Command("E", Kind.SET, "0", ("0",))]),
        ("z", [Command("Z", Kind.RUN)]),
        ("&F0;+CMEE=1", [Command("&F", Kind.SET, "0", ("0",)), Command("+CMEE", Kind.SET, "1", ("1",))]),
        ("+CSQ", [Command("+CSQ", Kind.RUN)]),
        ("+csq ?", [Command("+CSQ", Kind.READ)]),
        ("^ICCID?", [Command("^ICCID", Kind.READ)]),
        ("+CNMI=?", [Command("+CNMI", Kind.TEST)]),
        ("S0=2", [Command("S0", Kind.SET, "2", ("2",))]),
        ('+CUSD=1,"a;b,c",15', [Command("+CUSD", Kind.SET, '1,"a;b,c",15', ("1", "a;b,c", "15"))]),
        ('+CPMS="SM",,"ME"', [Command("+CPMS", Kind.SET, '"SM",,"ME"', ("SM", "", "ME"))]),
        ("E0D*99#;", [Command("E", Kind.SET, "0", ("0",)), Command("D", Kind.SET, "*99#;")]),
    ],
)
def test_a_line_is_cut_into_its_commands(line, commands):
    assert parse(line) == commands


@pytest.mark.parametrize("line", ["+", "+CMGF!", "1", '"', "+CSQ?x", "E0="])
def test_what_is_no_command_line_is_refused(line):
    with pytest.raises(MalformedLineError):
        parse(line)


@given(st.text())
def test_no_text_makes_the_parser_fail_otherwise(line):
    with suppress(MalformedLineError):
        parse(line)


@given(st.text(), st.sampled_from(",;"))
def test_cutting_loses_nothing(text, separator):
    assert separator.join(cut(text, separator)) == text
