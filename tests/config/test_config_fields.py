import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otppi.config.fields import (
    choice,
    flag,
    group,
    integer,
    items,
    kinds,
    number,
    read,
    secret,
    settings,
    text,
    to_json,
)
from otppi.config.kinds import SECRET_SET
from otppi.domain.errors import Mistake
from otppi.domain.secret import Secret


@settings
class Inner:
    depth: int = integer("Depth", default=1, low=0, high=9, unit="m")
    password: Secret = secret("Password", default="")


@settings
class Outer:
    name: str = text("Name", pattern="[a-z]+", shape="small letters", max_length=8)
    note: str = text("Note", default="", private=True)
    ratio: float = number("Ratio", default=0.5, low=0, high=1)
    on: bool = flag("On", default=True, help="Whether it is")
    mode: str = choice("Mode", default="fast", choices=("fast", "slow"))
    bits: float = choice("Bits", default=1, choices=(1, 1.5, 2))
    pin: Secret = secret("PIN", default="", pattern="[0-9]{4}", shape="4 digits")
    words: tuple[str, ...] = items("Words", default=("a",), most=3, pattern="[a-z]", shape="one small letter")
    either: tuple[str, ...] = items("Either", default=(), lone=True)
    inner: Inner = group("Inner", default=Inner())

    def problems(self):
        if self.mode == "slow" and self.ratio == 1:
            yield "ratio", "must be below 1 when slow."


def problems_of(value, old=None):
    problems = []
    made = read(Outer, value, problems, old=old)
    assert (made is None) == bool(problems)
    return dict(problems)


def made_of(value, old=None):
    problems = []
    made = read(Outer, value, problems, old=old)
    assert not problems
    return made


def test_what_is_left_out_takes_its_default():
    assert made_of({"name": "x"}) == Outer(name="x")
    assert made_of({"name": "x", "inner": {}}).inner == Inner()


def test_all_problems_are_told_at_once_each_with_its_path():
    value = {"nmae": "x", "ratio": "much", "on": 1, "mode": "fats", "pin": "12", "words": ["a", "BB"], "inner": {"depth": 10, "x": 1}}
    assert problems_of(value) == {
        "nmae": 'is not known; did you mean "name"?',
        "name": "is missing.",
        "ratio": "must be a number from 0 to 1, not a text.",
        "on": "must be true or false, not a number.",
        "mode": 'must be one of "fast", "slow"; did you mean "fast"?',
        "pin": "must be 4 digits.",
        "words": "entry 2 must be one small letter.",
        "inner.depth": "must be a whole number from 0 to 9 (m).",
        "inner.x": 'is not known; known are "depth", "password".',
    }


@pytest.mark.parametrize("key, value, sentence", [
    ("name", "", "must not be empty."),
    ("name", None, "must be a text, not null."),
    ("name", ["a"], "must be a text, not a list."),
    ("name", "abcdefghi", "must have at most 8 characters."),
    ("note", "a\x1ab", "must not hold control characters."),
    ("note", "a\nb", "must not hold control characters."),
    ("ratio", True, "must be a number from 0 to 1, not true or false."),
    ("ratio", math.nan, "must be a number from 0 to 1."),
    ("ratio", math.inf, "must be a number from 0 to 1."),
    ("ratio", 10**400, "must be a number from 0 to 1."),
    ("ratio", -0.001, "must be a number from 0 to 1."),
    ("bits", True, "must be one of 1, 1.5, 2."),
    ("bits", "1", "must be one of 1, 1.5, 2."),
    ("bits", {}, "must be one of 1, 1.5, 2."),
    ("words", "a", "must be a list of texts, not a text."),
    ("words", [1], "entry 1 must be a text, not a number."),
    ("words", [""], "entry 1 must not be empty."),
    ("words", ["a"] * 4, "must hold at most 3 entries."),
    ("either", 5, "must be a text or a list of texts, not a number."),
    ("inner", None, "must be an object, not null."),
    ("pin", 1234, 'must be a text, null to clear it, or {"secret": "set"} to keep it.'),
    ("pin", SECRET_SET, "says that a secret is stored, but there is none; write the secret itself, or null."),
])
def test_a_wrong_value_is_refused_with_a_sentence_that_names_the_mend(key, value, sentence):
    assert problems_of({"name": "x", key: value}) == {key: sentence}


def test_numbers_are_forgiven_where_json_does_not_tell_them_apart():
    made = made_of({"name": "x", "ratio": 1, "bits": 2.0, "inner": {"depth": 5.0}})
    assert (made.ratio, made.bits, made.inner.depth) == (1.0, 2, 5)
    assert isinstance(made.ratio, float)
    assert isinstance(made.inner.depth, int)
    assert problems_of({"name": "x", "inner": {"depth": 5.5}}) == {"inner.depth": "must be a whole number from 0 to 9 (m)."}


def test_a_lone_text_is_a_list_of_one_where_that_is_meant():
    assert made_of({"name": "x", "either": "/a"}).either == ("/a",)
    assert made_of({"name": "x", "either": ["/a", "/b"]}).either == ("/a", "/b")


def test_a_rule_over_several_fields_is_asked_once_each_is_right():
    assert problems_of({"name": "x", "mode": "slow", "ratio": 1}) == {"ratio": "must be below 1 when slow."}
    assert problems_of({"name": "x", "mode": "slow", "ratio": 2}) == {"ratio": "must be a number from 0 to 1."}


def test_a_key_with_a_line_break_stays_on_its_line():
    assert list(problems_of({"name": "x", "a\nb": 1})) == ['"a\\nb"']


def test_a_secret_stays_when_it_is_left_out_or_set_and_goes_with_null():
    old = Outer(name="x", pin=Secret("1234"), inner=Inner(password=Secret("deep")))
    for same in ({}, {"inner": {}}, {"pin": SECRET_SET, "inner": {"password": SECRET_SET}}):
        kept = made_of({"name": "y", **same}, old)
        assert (kept.pin, kept.inner.password) == (Secret("1234"), Secret("deep"))
    cleared = made_of({"name": "y", "pin": None, "inner": {"password": None}}, old)
    assert not cleared.pin
    assert not cleared.inner.password
    assert made_of({"name": "y", "pin": "4321"}, old).pin == Secret("4321")


def test_other_values_do_not_stay_when_they_are_left_out():
    old = Outer(name="x", ratio=0.9, inner=Inner(depth=7, password=Secret("deep")))
    assert made_of({"name": "x"}, old).ratio == 0.5
    assert made_of({"name": "x"}, old).inner.depth == 1


def test_a_secret_is_shown_as_set_and_stored_in_the_clear():
    outer = Outer(name="x", pin=Secret("1234"))
    assert to_json(outer, masked=True)["pin"] == {"secret": "set"}
    assert to_json(outer, masked=True)["inner"]["password"] is None
    assert to_json(outer, masked=False)["pin"] == "1234"
    assert "1234" not in repr(outer)


def test_a_refused_secret_is_not_repeated():
    assert "98765" not in str(problems_of({"name": "x", "pin": "98765"}))


def test_a_private_text_stays_out_of_the_repr():
    assert "62812" not in repr(Outer(name="x", note="62812"))


@given(st.builds(
    Outer,
    name=st.from_regex("[a-z]{1,8}", fullmatch=True),
    ratio=st.floats(0, 1),
    on=st.booleans(),
    mode=st.just("fast"),
    bits=st.sampled_from([1, 1.5, 2]),
    pin=st.from_regex("([0-9]{4})?", fullmatch=True).map(Secret),
    words=st.lists(st.sampled_from("abc"), max_size=3).map(tuple),
    inner=st.builds(Inner, depth=st.integers(0, 9), password=st.from_regex("[a-z]{0,9}", fullmatch=True).map(Secret)),
))
def test_what_is_stored_and_what_is_shown_both_read_back_as_the_same(outer):
    assert made_of(to_json(outer, masked=False)) == outer
    assert made_of(to_json(outer, masked=True), outer) == outer


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)),
       st.sampled_from([*kinds(Outer), "other"]))
def test_no_json_makes_the_reader_fail(value, key):
    problems_of(value)
    problems_of({"name": "x", key: value})


def test_a_form_finds_label_help_and_unit_of_every_field_in_order():
    found = kinds(Outer)
    assert list(found) == ["name", "note", "ratio", "on", "mode", "bits", "pin", "words", "either", "inner"]
    assert (found["on"].label, found["on"].help) == ("On", "Whether it is")
    assert kinds(found["inner"].cls)["depth"].unit == "m"


@pytest.mark.parametrize("key, said, meant", [
    ("ratio", "0.25", 0.25), ("ratio", "much", "much"), ("on", "No", False), ("on", "1", True), ("on", "perhaps", "perhaps"),
    ("bits", "1.5", 1.5), ("mode", "slow", "slow"), ("words", "a, b,,", ["a", "b"]), ("name", " x", " x"),
])
def test_a_text_of_the_environment_is_understood_by_the_kind_of_its_field(key, said, meant):
    assert kinds(Outer)[key].from_text(said) == meant


def test_a_rule_of_a_text_is_heard():
    def refuse(value):
        raise Mistake("must be something else.")

    @settings
    class Ruled:
        word: str = text("Word", default="", rule=refuse)

    problems = []
    assert read(Ruled, {"word": "x"}, problems) is None
    assert problems == [("word", "must be something else.")]
