"""Where a modem is for a command: with a running gateway, which then does what is asked, or at a port that the command opens itself."""

import argparse
import contextlib
from dataclasses import dataclass
from os.path import realpath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from otppi.at.tools import Tool
from otppi.books import Books, open_books
from otppi.cli.common import CONTROL_SOCKET, become_owner, caller, locked, operate, site_of
from otppi.config.book import SettingsBook
from otppi.config.modem import Modem
from otppi.domain.errors import Mistake, NotDone, StoreError
from otppi.domain.pin import PinBook
from otppi.domain.ports import LineSettings
from otppi.domain.sim_card import CardBook
from otppi.store.files import failing_as
from otppi.store.keys import key
from otppi.store.lock import DataFolder
from otppi.store.sections import FileSections
from otppi.web.control_client import NotAnswering, ask

if TYPE_CHECKING:
    from otppi.adapters.at_session import AtSession

CLOSED = frozenset({"no port", "silent", "refused", "no SIM", "PIN wanted", "wrong modem", "restarted", "inactive", "internet", "stopped"})
"""States of a gateway's modem in which the gateway does not hold its port for long."""
PATIENCE_S = 20.0
"""For a gateway that tries the port anew to let go of it."""
TOOL_LIMIT_S = 240.0
HELLO_LIMIT_S = 90.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a modem is. ``gateway`` names it there when the running gateway drives it, else ``line`` is to be opened."""

    name: str
    gateway: str = ""
    line: LineSettings = LineSettings("")  # noqa: RUF009  # immutable
    modem: Modem | None = None
    served: bool = False
    """Whether a service runs on the data folder."""


def add_place(parser: argparse.ArgumentParser) -> None:
    """Add the words that say which modem."""
    parser.add_argument("modem", metavar="MODEM|PORT", help="a modem's id, as otppi modem list has it, or a port such as /dev/ttyUSB0")
    parser.add_argument("--baud", type=int, default=0, metavar="N", help="baud rate of a port (default: the modem's settings, else 115200)")


def find(args: argparse.Namespace) -> Place:
    """Find out where a modem is. Raises Mistake when there is none of that name, NotDone when a service does not answer."""
    name = args.modem
    try:
        listed, settings = running(args), _settings(args)
    except StoreError:  # a data folder that this user may not look into, which a port does not need
        if "/" not in name:
            raise
        listed, settings = None, ()
    modem = next((modem for modem in settings if name == modem.id or _same_port(name, modem.port)), None)
    known = next((one for one in listed or () if name == one["id"] or _same_port(name, one["port"])), None)
    if known is None and modem is None and "/" not in name and not name.startswith("usb:"):
        raise Mistake(f'There is no modem "{name}". A port is written as a path, such as /dev/ttyUSB0.')
    if known is not None and known["state"] not in CLOSED:
        return Place(known["id"], gateway=known["id"], served=True)
    port = name if modem is None or "/" in name else str(known["port"]) if known is not None and known["port"] else modem.port
    if modem is None:
        line = LineSettings(port, args.baud or LineSettings(port).baud_rate)
    else:
        line = LineSettings(port, args.baud or modem.baud_rate, modem.parity, modem.stop_bits)
    return Place(modem.id if modem else name, line=line, modem=modem, served=listed is not None)


def running(args: argparse.Namespace) -> list[dict[str, Any]] | None:
    """Give the modems of the service that runs on the data folder, None when none does."""
    run = DataFolder(Path(site_of(args).paths.data)).run_dir()
    if run is None:
        return None
    try:
        found: list[dict[str, Any]] = ask(run / CONTROL_SOCKET, "modem.list", {})
    except NotAnswering:
        return None
    return found


def use(args: argparse.Namespace, tool: Tool, arguments: dict[str, Any], place: Place | None = None) -> Any:
    """Use a tool on a modem, by the gateway or on the port itself, and give its result. Raises Mistake, NotDone and PortError."""
    place = place or find(args)
    if place.gateway:
        return operate(args, "modem.tool" if tool.changes else "modem.look", modem=place.gateway, tool=tool.name, arguments=arguments)
    with open_line(place) as session:
        return _use_here(args, tool, place, session)


def open_line(place: Place, baud_rate: int = 0) -> "AtSession":
    """Give a line of one's own, to be entered. Raises PortError when it is."""
    from otppi.adapters.at_session import AtSession  # noqa: PLC0415  # help does not wait for libraries

    line = place.line if not baud_rate else LineSettings(place.line.path, baud_rate, place.line.parity, place.line.stop_bits)
    return AtSession(line, PATIENCE_S if place.served and place.modem is not None else 0.0)


def _use_here(args: argparse.Namespace, tool: Tool, place: Place, session: "AtSession") -> Any:
    from otppi.at.bringup import Silent, hello  # noqa: PLC0415

    hardware = session.run(hello(), HELLO_LIMIT_S)
    if isinstance(hardware, Silent):
        heard = f"; it says: {hardware.heard}" if hardware.heard else ""
        raise NotDone(f"Nothing at {place.line.path} speaks AT at {place.line.baud_rate} baud{heard}. See: otppi modem doctor {place.name}")
    if not tool.changes:
        return tool.told(session.run(tool.script(profile=hardware.profile), TOOL_LIMIT_S), session.heard)
    who = caller()
    site = site_of(args)
    folder = DataFolder(Path(site.paths.data))
    become_owner(folder.path)
    with contextlib.nullcontext() if place.served else locked(site, folder):  # a service that runs owns it, and leaves the port to us
        books = open_books(folder.path)
        result = tool.told(session.run(tool.script(_card_book(books, folder.path, place.modem), hardware.profile), TOOL_LIMIT_S), session.heard)
        books.audit.record(f"cli:{who}", "modem.tool", f"{place.name} {tool.name}")
    return result


def _card_book(books: Books, data: Path, modem: Modem | None) -> CardBook:
    """Give the book of tries, as the gateway's own modem would. Whoever has the port writes into it alone."""
    sections, secret = books.state, key(data / "numbers.key")
    if modem is None:
        return CardBook(sections.load, sections.save, secret)
    from otppi.written import safe_name  # noqa: PLC0415  # help does not wait for libraries

    name = f"pin_{safe_name(modem.id)}"
    pins = PinBook(lambda: sections.load(name), lambda value: sections.save(name, value), secret)
    return CardBook(sections.load, sections.save, secret, modem.sim_pin, pins)


def _settings(args: argparse.Namespace) -> tuple[Modem, ...]:
    """Give the modems of the settings; none where no data folder is, or where it may not be read."""
    data = Path(site_of(args).paths.data)
    with failing_as(f"{data} could not be read"):
        known = (data / "settings").exists()
    modems: tuple[Modem, ...] = SettingsBook(FileSections(data / "settings")).get("modems") if known else ()
    return modems


def _same_port(name: str, port: str) -> bool:
    return bool(port) and (name == port or ("/" in name and "/" in port and realpath(name) == realpath(port)))
