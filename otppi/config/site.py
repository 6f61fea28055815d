"""The site file: what the machine's owner decides and a restart applies."""

import ipaddress
import tomllib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from otppi.config.fields import HOST, Group, choice, flag, group, integer, items, kinds, read, settings, text
from otppi.config.kinds import Problems, did_you_mean
from otppi.domain.errors import BadSettings, Mistake

SITE_FILE = Path("/etc/otppi/otppi.toml")
_PREFIX = "OTPPI_"


def _absolute(value: str) -> None:
    if not PurePosixPath(value).is_absolute():
        raise Mistake("must be an absolute path; it begins with /.")


def _network(value: str) -> None:
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise Mistake("must be an IP address or a network such as 10.0.0.0/8.") from None


@settings
class Admin:
    """The server of the admin pages."""

    host: str = text("Address", default="0.0.0.0", pattern=HOST, shape="a host name or address", needed=True)  # noqa: S104  # SPEC, Ports
    port: int = integer("Port", default=8888, low=0, high=65_535, help="0: any free port")


@settings
class Paths:
    """Folders; an empty one is chosen by the gateway."""

    data: str = text("Data folder", default="/var/lib/otppi", rule=_absolute, max_length=4000, needed=True)
    run: str = text("Run directory", default="", rule=_absolute, max_length=100)  # a Unix socket's path ends at 107 bytes
    log: str = text("Folder for log files", default="", rule=_absolute, max_length=4000, help="Empty: standard error alone")
    devices: str = text("Folder of serial ports", default="/dev", rule=_absolute, max_length=4000, needed=True)


@settings
class Log:
    """What is logged."""

    level: str = choice("Level", default="info", choices=("debug", "info", "warning", "error"))


@settings
class Gates:
    """What stays closed unless the owner of the machine opens it."""

    imei_write: bool = flag("Writing an IMEI", default=False)
    system_changes: bool = flag("Changes of the system", default=False)
    appliance: bool = flag("The machine is ours alone", default=False)


@settings
class Proxy:
    """Reverse proxies before us."""

    trusted: tuple[str, ...] = items("Trusted proxies", default=(), rule=_network)


@settings
class Site:
    """The whole site file."""

    admin: Admin = group("Admin pages", default=Admin())
    paths: Paths = group("Paths", default=Paths())
    log: Log = group("Log", default=Log())
    gates: Gates = group("Gates", default=Gates())
    proxy: Proxy = group("Proxies", default=Proxy())


def load_site(path: Path | None, environ: Mapping[str, str], data_dir: Path | None = None) -> Site:
    """Read the site file, put ``OTPPI_<SECTION>_<KEY>`` of the environment over it, and ``data_dir`` over both.

    Without ``path`` it is ``/etc/otppi/otppi.toml``, if there is one. Lists in the environment are separated by commas.
    Raises BadSettings with every problem, each with the place where it is to be mended.
    """
    problems: Problems = []
    file = path if path is not None else SITE_FILE
    table = _table(file, problems, needed=path is not None)
    places = _put_environment_over(table, environ, problems)
    if data_dir is not None:
        _put(table, "paths", "data", str(data_dir.absolute()))
        places["paths.data"] = "--data-dir"
    found: Problems = []
    site = read(Site, table, found)
    problems.extend((places.get(at) or _in_file(file, at), sentence) for at, sentence in found)
    if site is None or problems:
        raise BadSettings(problems)
    return site


def _table(file: Path, problems: Problems, *, needed: bool) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        if needed:
            problems.append((str(file), "there is no such file."))
    except OSError as error:
        problems.append((str(file), f"cannot be read: {error.strerror}."))
    except UnicodeDecodeError:
        problems.append((str(file), "is not UTF-8 text."))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        problems.append((str(file), f"is no TOML: {error}."))  # the error names line and column
    return {}


def _put_environment_over(table: dict[str, Any], environ: Mapping[str, str], problems: Problems) -> dict[str, str]:
    """Change ``table`` and give the variable for each path that one of them decides."""
    sections = {f"{_PREFIX}{name.upper()}_": (name, kind.cls) for name, kind in kinds(Site).items() if isinstance(kind, Group)}
    places: dict[str, str] = {}
    for variable in sorted(environ):
        start = next((start for start in sections if variable.startswith(start)), None)
        if start is None:
            continue
        section, cls = sections[start]
        known = kinds(cls)
        key = variable.removeprefix(start).lower()
        if key not in known or variable != variable.upper():
            names = [start + name.upper() for name in known]
            problems.append((variable, "is not known" + (did_you_mean(variable, names) or f"; known are {', '.join(names)}.")))
            continue
        _put(table, section, key, known[key].from_text(environ[variable]))
        places[f"{section}.{key}"] = variable
    return places


def _put(table: dict[str, Any], section: str, key: str, value: Any) -> None:
    inner = table.setdefault(section, {})
    if isinstance(inner, dict):  # anything else is told when the whole is read
        inner[key] = value


def _in_file(file: Path, at: str) -> str:
    section, _, key = at.partition(".")
    return f"{file}: [{section}]{f' {key}' if key else ''}"
