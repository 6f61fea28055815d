"""JSON as clients in the field write it: trailing commas, numbers as strings and strings as numbers."""

import json
import math
import re
from typing import Any

from otppi.domain.errors import Mistake, NotUnderstood

# A string is passed over whole, one without an end too, and nothing is tried twice: the time grows with the length alone.
_TRAILING_COMMA = re.compile(r'("(?:[^"\\]|\\.)*+"?)|,(?=\s*[}\]])', re.DOTALL)
MAX_DEPTH = 64  # of lists and objects; deeper ones could be read but not always written again


def loads(body: bytes) -> Any:
    """Parse UTF-8 JSON; a comma before ``}`` or ``]`` is forgiven. Raises :class:`NotUnderstood`."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotUnderstood("The body is not UTF-8 text.") from None
    try:
        return _parse(text)
    except NotUnderstood:
        raise
    except ValueError:
        mended = _TRAILING_COMMA.sub(lambda match: match.group(1) or "", text)
    try:
        return _parse(mended)
    except NotUnderstood:
        raise
    except json.JSONDecodeError as error:
        raise NotUnderstood(f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.") from None
    except ValueError:
        raise NotUnderstood("The body holds a number that cannot be used.") from None


def _parse(text: str) -> Any:
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise NotUnderstood("The body nests too deeply.") from None
    if text.count("[") + text.count("{") > MAX_DEPTH:
        _check_depth(value if isinstance(value, dict | list) else [])
    if "\\u" in text:  # an escaped half of a surrogate pair is no character and could never be sent
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise NotUnderstood("The body holds half of a character.") from None
    return value


def _check_depth(value: dict[str, Any] | list[Any]) -> None:
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        inner = (each for outer in level for each in (outer.values() if isinstance(outer, dict) else outer))
        level = [each for each in inner if isinstance(each, dict | list)]
        if not level:
            return
    raise NotUnderstood("The body nests too deeply.")


def _no_constant(name: str) -> float:
    raise ValueError(name)


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):  # 1e400 could not be written into a reply
        raise ValueError(digits)
    return value


_DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite)


def text(data: dict[str, Any], key: str, where: str = "data.") -> str:
    """Read a value as text; numbers are written out, a missing one is empty. Raises :class:`Mistake` for a list or object."""
    value = data.get(key)
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, int | float):
        return str(value)
    raise Mistake(f"{where}{key} must be a text, not a list or an object.")


def number(data: dict[str, Any], key: str, where: str = "data.") -> float | None:
    """Read a value as a number; ``"50"`` is 50, missing, empty and null are None. Raises :class:`Mistake` for anything else."""
    value = data.get(key)
    if isinstance(value, str):
        value = value.strip()
        if not value:
            return None
        try:
            value = float(value)
        except ValueError:
            raise Mistake(f"{where}{key} must be a number.") from None
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Mistake(f"{where}{key} must be a number.")
    try:
        result = float(value)
    except OverflowError:
        raise Mistake(f"{where}{key} is too large.") from None
    if not math.isfinite(result):
        raise Mistake(f"{where}{key} must be a number.")
    return result


def flag(data: dict[str, Any], key: str) -> bool:
    """Read a value as yes or no; ``"true"``, ``"1"`` and 1 are yes, missing is no."""
    value = data.get(key)
    if isinstance(value, str):
        return value.strip().lower() in {"true", "1", "yes"}
    return bool(value)
