"""What is told of a modem: to status, to the API's modem list, to pages; and its troubles in words."""

from typing import Any

from otppi.at.bringup import Hardware, Subscriber
from otppi.at.facts import signal_strength
from otppi.at.registration import DENIED
from otppi.config.modem import Modem


def modem_facts(settings: Modem, hardware: Hardware | None, subscriber: Subscriber | None, *, state: str, connected: bool, port: str = "", **rest: Any) -> dict[str, Any]:
    """Give what is told of a modem; what it does not tell itself is taken from its settings."""
    return {
        "id": settings.id,
        "name": settings.name or settings.id,
        "port": port or settings.port,
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


def port_trouble(heard: str, baud_rate: int) -> str:
    """Say what is wrong with a port at which nothing speaks AT."""
    said = f"Something answers at the port, but it does not speak AT: {heard}" if heard else "The port opened, but nothing answers AT commands."
    return f"{said} ({baud_rate} baud)"


def network_trouble(registration: str) -> str:
    """Say what a <stat> of +CREG means for somebody who wants to send."""
    return "The network denies the SIM." if registration == DENIED else "The modem finds no network."


def sim_trouble(sim: str) -> str:
    """Say what is wrong with a SIM; ``sim`` as in bringup.Hardware."""
    known = {
        "SIM PUK": "The SIM is locked and wants its PUK.",
        "SIM PIN2": "The SIM wants its PIN2.",
        "error: +CME ERROR 10": "No SIM is in the modem.",
        "error: +CME ERROR 13": "The SIM has failed.",
    }
    return known.get(sim, f"The SIM is not ready: {sim.removeprefix('error: ')}.")
