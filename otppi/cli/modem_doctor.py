"""``otppi modem doctor``: what keeps a modem from working, and the mend; a report that may be shared."""

import argparse
from pathlib import Path
from typing import Any

from otppi.at import doctor, examination, report_loop, tools
from otppi.at.bringup import Silent
from otppi.at.doctor import Finding, Health, fine, trouble
from otppi.books import open_books
from otppi.cli.common import Commands, add_parser, print_json, site_of
from otppi.cli.modem_place import TOOL_LIMIT_S, Place, add_place, find, use
from otppi.cli.modem_probe import speaking
from otppi.domain.errors import Mistake, NotDone, PortError, PortMissing, PortTaken
from otppi.domain.msisdn import canonical

SELF = "self"
_MARKS = {"fine": "ok", "note": "note", "trouble": "TROUBLE"}
_OTHER_PORT = "Try the device's other ports: a stick has several and not each speaks AT. Then take its power away for ten seconds."


def register(actions: Commands) -> None:
    """Add the action."""
    parser = add_parser(actions, "doctor", "find out what keeps a modem from working, and the mend; exit code 0: fine, 1: trouble", "otppi modem doctor /dev/ttyUSB0", table=True, nested=True)
    add_place(parser)
    parser.add_argument("--loop", default="", metavar="NUMBER|self", help="send a test SMS to a number, or to the SIM itself, and wait for its status report; it costs what an SMS costs")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print findings and verdict."""
    place = find(args)
    to = _receiver(args) if args.loop else ""
    found: dict[str, Any] = {"port": place.gateway or place.line.path}
    if place.gateway:
        if to:
            raise Mistake("A modem that the gateway drives sends its test as any other message; take it out of service for --loop.")
        found |= use(args, tools.tool("doctor", {}, imei_write=False), {}, place)
    else:
        found |= doctor.report(walk(place, to))
    if args.json:
        print_json(found)
    else:
        _print(found)
    return 0 if found["fine"] else 1


def walk(place: Place, to: str = "") -> list[Finding]:
    """Go from the port to the network, as far as one gets."""
    found = _port(place)
    if any(finding.health is Health.TROUBLE for finding in found):
        return found
    try:
        with speaking(place) as (session, rate):
            exam = session.run(examination.examine(), TOOL_LIMIT_S)
            if isinstance(exam, Silent):
                return [*found, trouble("answers", "The port answered once and then no more.", "Take the modem's power away for ten seconds; if that comes again, look at its supply.")]
            found += [_rate(place, rate), *doctor.judge(exam, session.heard)]
            if to and not any(finding.health is Health.TROUBLE for finding in found):
                found.append(_loop(session, to))
    except PortTaken as error:
        return [*found, trouble("port", str(error), "Find it with: sudo otppi modem doctor, which sees the programs of all users.")]
    except PortError as error:
        return [*found, trouble("port", str(error), "Look at cable, hub and supply, and at: journalctl -k.")]
    except NotDone as error:
        return [*found, trouble("answers", str(error).partition(" See: ")[0], _OTHER_PORT), *_usb()]
    return found


def _port(place: Place) -> list[Finding]:
    """Look at the port without opening it."""
    from otppi.adapters.port_holder import holders  # noqa: PLC0415  # help does not wait for libraries
    from otppi.adapters.serial_lines import find_port  # noqa: PLC0415

    try:
        path = find_port(place.line.path)
    except PortMissing as error:
        return [trouble("port", str(error), "Plug the modem in, or name the port that it has now."), *_usb()]
    if not Path(path).exists():
        return [trouble("port", f"There is nothing at {path}.", "Plug the modem in, or name the port that it has now."), *_usb()]
    if place.served and place.modem is not None:
        return [fine("port", f"{path} is there; the gateway that drives it has let go of it.")]
    return [trouble("port", f"{holder.name} (pid {holder.pid}) has {path} open.", holder.mend) for holder in holders(path)] or [fine("port", f"{path} is there, and nobody has it open.")]


def _rate(place: Place, rate: int) -> Finding:
    if rate == place.line.baud_rate:
        return fine("baud rate", f"{rate} baud.")
    return trouble("baud rate", f"The modem speaks at {rate} baud, not at {place.line.baud_rate}.", f"Set baud_rate to {rate} in the modem's settings.")


def _usb() -> list[Finding]:
    from otppi.adapters.usb_hints import hints  # noqa: PLC0415

    return [trouble("USB", hint.said, hint.mend) for hint in hints()]


def _loop(session: Any, to: str) -> Finding:
    if to == SELF:
        to = session.run(examination.own_number(), TOOL_LIMIT_S)
        if not to:
            return doctor.note("test SMS", "No test SMS was sent: the SIM does not tell its own number.", "Give it: --loop NUMBER.")
    looped = session.run(report_loop.loop(to), TOOL_LIMIT_S)
    return report_loop.judge(report_loop.completed(looped, session.pdus))


def _receiver(args: argparse.Namespace) -> str:
    """Give the number of a test, screened as every number is. Raises Mistake."""
    if args.loop == SELF:
        return SELF
    data = Path(site_of(args).paths.data)
    if not (data / "settings").exists():
        return canonical(args.loop, "")
    books = open_books(data)
    code = str(books.settings.get("sms").country_code)
    number = canonical(args.loop, code)
    if books.make_blocklist(lambda: code).list.blocks(number):
        raise Mistake("The number is blocked; nothing was sent.")
    return number


def _print(found: dict[str, Any]) -> None:
    print(f"{found['port']}\n")
    for finding in found["findings"]:
        print(f"{_MARKS[finding['health']]:<8} {finding['step']:<11} {finding['said']}")
        if finding["mend"]:
            print(f"{'':<20} → {finding['mend']}")
    print(f"\n{found['verdict']}")
