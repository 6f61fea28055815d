"""What is told of a modem: to status, to the modem list of the API, to pages."""

from typing import Any

from otppi.at.registration import Signal

UNKNOWN_SIGNAL = 99  # of +CSQ (TS 27.007, 8.5)


def signal_strength(signal: Signal) -> dict[str, Any]:
    """Give value, rssi in dBm, bit error rate class and the condition in the original's words; empty when unknown."""
    if signal.value == UNKNOWN_SIGNAL:
        return {}
    names = ((10, "Marginal"), (15, "OK"), (20, "Good"))
    condition = next((name for limit, name in names if signal.value < limit), "Excellent")
    return {"value": signal.value, "rssi": 2 * signal.value - 113, "ber": signal.ber, "condition": condition}
