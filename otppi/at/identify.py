"""Who is it? Asked at a port of which nothing is known, in a second or two, and without changing anything but the echo."""

import re

from otppi.at.dialogue import Command, Escape, Script

FIRST_LIMIT_S = 0.5  # an idle modem answers AT within milliseconds
LIMIT_S = 1.0
QUESTIONS = ("AT+CGSN", "AT+CGSN", "AT+GSN")
"""The first may get what was left of an earlier command's answer; the last is older modems' word for it."""
_IMEI = re.compile(r'^(?:\+\w+:)?\s*"?(\d{14,16})"?$', re.MULTILINE)  # with check digit, without it, or with the software's version


def identify() -> Script:
    """Ask for the IMEI. Returns its digits, an empty text when a modem does not tell them, None when nobody speaks AT."""
    answer = yield Command("AT", FIRST_LIMIT_S)
    if not answer.final.ok:
        yield Escape()  # a prompt may be open from an earlier life; what was typed there must not become an SMS
        answer = yield Command("AT", LIMIT_S)
        if not answer.final.ok:
            return None
    yield Command("ATE0", LIMIT_S)
    for text in QUESTIONS:
        answer = yield Command(text, LIMIT_S)
        if found := _IMEI.search("\n".join(answer.lines)):
            return found[1]
    return ""
