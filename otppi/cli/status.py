"""``otppi status``: the running service at a glance."""

import argparse
import time
from collections.abc import Iterable
from typing import Any

from otppi.cli.common import Commands, add_parser, operate, print_json, print_table

BROKER_HEADS = ("BROKER", "STATE", "FOR", "ADDRESS", "TOPIC", "RECEIVED", "ANSWERED", "BROKEN", "LOST", "IN HAND", "LAST ERROR")
PORT_HEADS = ("PORT", "USB", "PRODUCT", "IMEI", "USED BY", "WHY")
MODEM_HEADS = ("MODEM", "STATE", "PORT", "OPERATOR", "SIGNAL", "SENT", "FAILED", "UNKNOWN", "WHY")


def register(commands: Commands) -> None:
    """Add the command."""
    parser = add_parser(commands, "status", "show the running service at a glance", "otppi status --json", table=True)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print what the service tells of itself."""
    status = operate(args, "status")
    if args.json:
        print_json(status)
        return 0
    hours, rest = divmod(int(time.time() - status["since"]), 3600)
    traffic, otp = status.get("traffic", {}).get("router", {}), status.get("otp", {}).get("otp_desk", {})
    print(f"Running for {hours} h {rest // 60} min.")
    _print_warnings(traffic, status.get("alarm", {}).values())
    reports = traffic.pop("reports", {})
    print("Messages: " + ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in traffic.items()))
    if any(reports.values()):
        print("Reported: " + ", ".join(f"{count} {name}" for name, count in reports.items()))
    print("Codes: " + ", ".join(f"{count} {name}" for name, count in otp.items()))
    for door, facts in status.get("door", {}).items():
        print(f"Door {door}: {', '.join(facts['urls']) or 'closed'}{' - ' + facts['error'] if facts['error'] else ''}")
    for name, facts in status.get("part", {}).items():
        if facts["restarts"]:
            print(f"{name}: {facts['state']}, started anew {facts['restarts']} times ({facts['why']})")
    print()
    spent = {name: used["quota_reached"] for name, used in status.get("usage", {}).items() if used["quota_reached"]}
    modems = [modem | ({"why": f"quota of the {spent[name]} reached"} if name in spent else {}) for name, modem in status.get("modem", {}).items()]
    print_modems(modems)
    if subscribers := list(status.get("subscriber", {}).values()):
        print()
        print_subscribers(subscribers)
    if ports := status.get("port", {}):
        print()
        print_ports(ports)
    return 0


def _print_warnings(traffic: dict[str, Any], alarms: Iterable[dict[str, Any]]) -> None:
    """Print what must not be overlooked, and take it out of the figures."""
    if halted := traffic.pop("halted", ""):
        print(f"NOTHING IS SENT: {halted}")
    if short := traffic.pop("remembered_since", 0):
        print(f"REPEATS of requests from before {time.strftime('%Y-%m-%d %H:%M', time.localtime(short))} are sent again: more came than can be remembered.")
    for alarm in alarms:
        print(f"ALARM {alarm['source']}, {alarm['what']}, for {_span(time.time() - alarm['since'])}: {alarm['text']}")


def print_subscribers(subscribers: list[dict[str, Any]]) -> None:
    """Print each subscriber with its state, and what its broker's nature means for messages."""
    print_table(BROKER_HEADS, [
        (one["name"], one["state"], _span(time.time() - one["since"]), one["address"], one["topic"], one["received"], one["answered"], one["broken"],
         one["lost"], one["in_hand"], one["last_error"]) for one in subscribers])
    for one in subscribers:
        if one["risk"]:
            print(f"{one['name']}: {one['risk']}")


def print_ports(ports: dict[str, dict[str, Any]]) -> None:
    """Print each serial port with the modem that uses it, by device path."""
    print_table(PORT_HEADS, [(path, one["usb"], " ".join(text for text in (one["manufacturer"], one["product"]) if text), one["imei"], one["modem"], one["why"])
                             for path, one in sorted(ports.items())])


def _span(seconds: float) -> str:
    """Give a time in the largest unit of which there are two or more."""
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{int(seconds // length)} {unit}"
    return f"{max(0, int(seconds))} s"


def print_modems(modems: list[dict[str, object]]) -> None:
    """Print each modem with its state; no modem is told in words."""
    print_table(MODEM_HEADS, [_row(modem) for modem in modems], none="No modem is set; otppi settings set modems FILE adds some.")


def _row(modem: dict[str, object]) -> tuple[object, ...]:
    """Give one modem as a row."""
    signal = modem.get("signalStrength")
    strength = f"{signal['rssi']} dBm" if isinstance(signal, dict) and signal else ""
    return (modem["id"], modem["state"], modem["port"], modem["copsOperator"], strength, modem.get("sent"), modem.get("failed"), modem.get("unknown"), modem.get("why"))
