"""JSON as clients in the field write it: trailing commas, numbers as strings and strings as numbers."""

import json
import re
from typing import Any

from otppi.domain.errors import Mistake, NotUnderstood

_TRAILING_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])', re.DOTALL)


def loads(body: bytes) -> Any:
    """Parse UTF-8 JSON; a comma before ``}`` or ``]`` is forgiven. Raises :class:`NotUnderstood`."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotUnderstood("The body is not UTF-8 text.") from None
    try:
        return _parse(text)
    except ValueError:
        mended = _TRAILING_COMMA.sub(lambda match: match.group(1) or "", text)
    try:
        return _parse(mended)
    except json.JSONDecodeError as error:
        raise NotUnderstood(f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.") from None
    except ValueError:
        raise NotUnderstood("The body is not JSON that can be used.") from None


def _parse(text: str) -> Any:
    try:
        value = json.loads(text, parse_constant=_no_constant)
        if "\\u" in text:  # an escaped half of a surrogate pair is no character and could never be sent
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise NotUnderstood("The body nests too deeply.") from None
    except UnicodeEncodeError:
        raise NotUnderstood("The body holds half of a character.") from None
    return value


def _no_constant(name: str) -> float:
    raise ValueError(name)


def text(data: dict[str, Any], key: str) -> str:
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
    raise Mistake(f"data.{key} must be a text, not a list or an object.")


def number(data: dict[str, Any], key: str) -> float | None:
    """Read a value as a number; ``"50"`` is 50, missing, empty and null are None. Raises :class:`Mistake` for anything else."""
    value = data.get(key)
    if isinstance(value, str):
        value = value.strip()
        if not value:
            return None
        try:
            value = float(value)
        except ValueError:
            raise Mistake(f"data.{key} must be a number.") from None
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Mistake(f"data.{key} must be a number.")
    try:
        result = float(value)
    except OverflowError:
        raise Mistake(f"data.{key} is too large.") from None
    if result != result or result in (float("inf"), float("-inf")):  # noqa: PLR0124  # NaN is unlike itself
        raise Mistake(f"data.{key} must be a number.")
    return result


def flag(data: dict[str, Any], key: str) -> bool:
    """Read a value as yes or no; ``"true"``, ``"1"`` and 1 are yes, missing is no."""
    value = data.get(key)
    if isinstance(value, str):
        return value.strip().lower() in {"true", "1", "yes"}
    return bool(value)
