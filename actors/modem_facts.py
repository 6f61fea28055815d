"""What is told of a modem: to status, to the API's modem list, to pages; and its troubles in words."""

from typing import Any

from otppi.at.bringup import Hardware, Subscriber
from otppi.at.facts import signal_strength
from otppi.config.modem import Modem


def modem_facts(settings: Modem, hardware: Hardware | None, subscriber: Subscriber | None, *, state: str, connected: bool, **rest: Any) -> dict[str, Any]:
    """Give what is told of a modem; what it does not tell itself is taken from its settings."""
    return {
        "id": settings.id,
        "name": settings.name or settings.id,
        "port": settings.port,
        "active": settings.active,
        "connected": connected,
        "defaultModem": settings.default,
        "internetAccess": settings.internet_access,
        "internetConnected": False,
        "imei": (hardware and hardware.imei) or settings.imei,
        "imsi": (subscriber and subscriber.imsi) or settings.imsi,
        "iccid": (subscriber and subscriber.iccid) or settings.iccid,
        "copsOperator": (subscriber and subscriber.operator) or settings.operator,
        "smsCenter": (subscriber and subscriber.sms_center) or settings.sms_center,
        "signalStrength": signal_strength(subscriber.signal) if subscriber and connected else {},
        "manufacturer": (hardware and hardware.manufacturer) or settings.manufacturer,
        "model": (hardware and hardware.model) or settings.model,
        "revision": (hardware and hardware.revision) or settings.revision,
        "state": state,
        **rest,
    }


def sim_trouble(sim: str) -> str:
    known = {
        "SIM PUK": "The SIM is locked and wants its PUK.",
        "SIM PIN2": "The SIM wants its PIN2.",
        "error: +CME ERROR 10": "No SIM is in the modem.",
        "error: +CME ERROR 13": "The SIM has failed.",
    }
    return known.get(sim, f"The SIM is not ready: {sim.removeprefix('error: ')}.")


