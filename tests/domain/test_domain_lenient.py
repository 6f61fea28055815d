"""JSON as clients in the field write it, and as attackers do."""

import json
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from otppi.domain import lenient, replies
from otppi.domain.errors import NotUnderstood
from otppi.domain.lenient import MAX_DEPTH, loads
from otppi.domain.requests import COMMANDS, Echo, Misread, VerifyOtp, parse

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
keys = st.sampled_from(["receiver", "msisdn", "message", "reference", "otp", "expiration", "date_time", "id", "param1", "subject", "priority", "flash", "validity_s", "modem_id"])
bodies = st.fixed_dictionaries(
    {"command": st.sampled_from(sorted(COMMANDS)) | values, "data": st.dictionaries(keys | texts, values, max_size=8) | values},
    optional={"callback_topic": values, "callback_delay": values},
)


@pytest.mark.parametrize("text,value", [
    ('{"a": 1,}', {"a": 1}), ("[1, 2, ]", [1, 2]), ('{"a": [1,\n], }', {"a": [1]}), ('{"a": ",}", }', {"a": ",}"}), (r'{"a": "\",]", }', {"a": '",]'}),
])
def test_a_comma_before_a_closing_bracket_is_forgiven_and_texts_are_left_alone(text, value):
    assert loads(text.encode()) == value


@pytest.mark.parametrize("text", ["{,,}", "[,,]", '{"a": 1,,}', "[1,2", '{"a" 1}', "{'a': 1}", '{"a": "\n"}', "nul", "[1] 2"])
def test_other_slips_are_not_forgiven(text):
    with pytest.raises(NotUnderstood):
        loads(text.encode())


def test_a_byte_order_mark_is_forgiven():
    assert loads(b"\xef\xbb\xbf{}") == {}


def test_the_last_of_two_equal_keys_counts():
    assert loads(b'{"a": 1, "a": 2}') == {"a": 2}


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1" * 5000, '{"a": [1e999]}', '{"a": NaN,}'])
def test_a_number_that_no_reply_could_repeat_is_refused(text):
    with pytest.raises(NotUnderstood):
        loads(text.encode())


def test_large_numbers_are_kept_whole():
    assert loads(b"[1" + b"0" * 4000 + b", 1e308]") == [10**4000, 1e308]


@pytest.mark.parametrize("text", [r'"\ud800"', r'{"\udfff": 1}', r'["a", {"b": "x\ud83d"}]', r'{"a": "\ud800",}'])
def test_half_of_a_character_is_refused(text):
    with pytest.raises(NotUnderstood, match="half of a character"):
        loads(text.encode())


def test_a_character_written_as_two_halves_is_whole():
    assert loads(rb'"\ud83d\ude00"') == "\N{GRINNING FACE}"


@pytest.mark.parametrize("body", [b"\xff", b'"\xed\xa0\x80"', b'"\xc3"', "{}".encode("utf-16")])
def test_what_is_not_utf_8_is_refused(body):
    with pytest.raises(NotUnderstood):
        loads(body)


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 500, 900, 30_000])
@pytest.mark.parametrize("opening,closing", [("[", "]"), ('{"a":', "}")])
def test_deep_nesting_is_refused(depth, opening, closing):
    with pytest.raises(NotUnderstood, match="nests too deeply"):
        loads(f"{opening * depth}1{closing * depth}".encode())


def test_reasonable_nesting_and_many_brackets_are_not_refused():
    assert loads(b"[[]," + b"[" * (MAX_DEPTH - 1) + b"1" + b"]" * MAX_DEPTH)
    assert loads(b'"' + b"[" * 1000 + b'"') == "[" * 1000
    assert len(loads(b"[" + b"[]," * 1000 + b"[]]")) == 1001


@pytest.mark.parametrize("body", [b'"' + rb"\"" * 32_000, b'"' + b"\\" * 65_000, b"[" + b", " * 32_000, b"[1," + b" " * 65_000, rb'"\a' * 16_000])
def test_the_longest_broken_body_costs_no_time(body):
    """The limit is far above what is needed: the search for trailing commas once took 18 s for the first of these."""
    start = time.process_time()
    with pytest.raises(NotUnderstood):
        loads(body)
    assert time.process_time() - start < 1


@given(st.binary(max_size=200) | values.map(lambda value: json.dumps(value).encode()) | bodies.map(lambda body: json.dumps(body).encode()))
@example(b'{"command": "echo", "data": {"a": 1e400}}')
def test_no_body_raises_anything_but_not_understood_and_misread(body):
    sentence = "understood"
    try:
        parse(body)
    except (NotUnderstood, Misread) as error:
        sentence = str(error)
    assert sentence
    assert "\n" not in sentence


@given(bodies)
def test_every_reply_can_be_written_and_read_again(body):
    try:
        request = parse(json.dumps(body).encode()).request
    except NotUnderstood as error:
        reply = replies.not_understood(error)
    except Misread as error:
        reply = replies.misread(error)
    else:
        reply = replies.echo(request) if isinstance(request, Echo) else replies.failed(request, "why")
        if isinstance(request, VerifyOtp):
            assert reply.data == {key: value for key, value in body["data"].items() if key in {"date_time", "receiver", "reference"}}
    written = json.loads(reply.encode(), parse_constant=pytest.fail)
    assert written["response_code"] == reply.code


@given(texts)
def test_a_value_that_is_a_text_is_taken_as_it_is(text):
    assert lenient.text({"a": text}, "a") == text


@given(values)
def test_what_json_can_write_is_read_as_json_reads_it(value):
    assert loads(json.dumps(value).encode()) == json.loads(json.dumps(value))
    assert loads(json.dumps(value, ensure_ascii=False).encode()) == json.loads(json.dumps(value))
