"""Makes by name, and what was found out about a real modem (``modem.learned``) played as one."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from otppi.at.capabilities import Capabilities
from otppi.at.profiles import FAMILIES, GENERIC
from otppi.virtual.makes import PROFILES
from otppi.virtual.profiles import Profile

MOST_BYTES: Final = 100_000
PLACES: Final = 30
"""Of each store."""
_MAKES: Final[Mapping[str, str]] = {
    "simcom": "sim800", "simcom LTE": "sim7600", "quectel EP06": "ep06", "quectel EC200A": "quectel", "sierra 2G": "wavecom", "u-blox": "ublox", "neoway": "old",
}
"""Which make a family is like in what findings do not tell; the others are called the same."""


def make_of(words: str) -> Profile:
    """Give the make of a name, or that of findings when it is the path of a JSON file: an entry of ``modem.learned``, or a list of which the last counts.

    Raises ValueError with a sentence.
    """
    if words in PROFILES:
        return PROFILES[words]
    if not words.endswith(".json"):
        raise ValueError(f"There is no make {words}; there are {', '.join(sorted(PROFILES))}, or give a file of findings that ends in .json.")
    try:
        with Path(words).open("rb") as file:
            told = json.loads(file.read(MOST_BYTES))
    except OSError as error:
        raise ValueError(f"{words}: {error.strerror}.") from error
    except (ValueError, RecursionError):
        told = None
    played = _played(told[-1] if isinstance(told, list) and told else told)
    if played is None:
        raise ValueError(f"{words} holds no findings of a modem.")
    return played


def _played(told: Any) -> Profile | None:
    """Give a modem that takes what was found to work and refuses what is tried before that; None for what is no entry."""
    found = Capabilities.from_json(told.get("capabilities")) if isinstance(told, dict) else None
    names = ("manufacturer", "model", "revision")
    if found is None or not all(isinstance(told.get(name), str) and told[name].isprintable() for name in names):
        return None
    family = next((family for family in FAMILIES if family.name == found.family), GENERIC)
    make = PROFILES.get(_MAKES.get(family.name, family.name), PROFILES["generic"])
    receive = [found.receive_store] if found.receive_store != "MT" else []
    tried = family.notify[: family.notify.index(found.cnmi)] if found.cnmi in family.notify else ()
    told_by = found.iccid.removeprefix("AT").rstrip("?")
    return replace(
        make,
        name="findings",
        **{name: told[name] for name in names},
        first_index=found.first_index,
        tells_places=True,
        stores=tuple((name, PLACES) for name in dict.fromkeys((*found.stores, *receive, *filter(None, (found.report_store,))))),
        receive_stores=(found.receive_store,),
        cnmi=tuple((0, int(value)) for value in found.cnmi.split(",")) if found.cnmi else ((),) * 5,
        cnmi_refused=frozenset(tried),
        services=(1,) if found.acknowledge else (0, 1),
        ussd_packed=found.ussd == "packed",
        charsets=("GSM", "IRA") if found.ussd == "plain" or (found.ussd == "packed" and not family.ussd_packed) else make.charsets,
        iccid_commands={told_by: f"{told_by}: {{}}"} if told_by else {},
        refused={name: code for name, code in make.refused.items() if name != "+CMGL"} | ({} if found.list_command else {"+CMGL": 303}),
    )
