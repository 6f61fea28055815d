"""``otppi run``: the service in the foreground."""

import argparse
import logging
import os
import resource
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from otppi import logs
from otppi.cli.common import Commands, add_parser, site_of
from otppi.config.site import Site
from otppi.domain.errors import OtppiError
from otppi.store.lock import DataFolder
from otppi.store.run_directory import run_directory

if TYPE_CHECKING:
    from otppi.app import Service

PRIVATE = 0o077  # umask: what we write is ours alone
_log = logging.getLogger(__name__)


def register(commands: Commands) -> None:
    """Add the command."""
    parser = add_parser(commands, "run", "run the service in the foreground", "otppi run --site /etc/otppi/otppi.toml")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run until SIGTERM or SIGINT, then drain. 0 when all ended well, 1 when something did not."""
    from otppi.app import Service  # noqa: PLC0415  # the other commands need no actors and no web

    site = site_of(args)
    os.umask(PRIVATE)
    logs.set_up(site.log.level, Path(site.paths.log) if site.paths.log else None)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold codes in flight
    asked, go_on = _listen_to_signals()
    data = Path(site.paths.data)
    run_dir = run_directory(data, Path(site.paths.run) if site.paths.run else None, os.environ)
    folder = DataFolder(data)
    folder.lock(run_dir)
    well = clean = False
    try:
        service = Service(site, run_dir)
        try:
            _serve(service, site, asked, go_on)
            well = True
        except OtppiError as error:
            print(f"otppi: {error}", file=sys.stderr)
        except Exception:  # noqa: BLE001  # whatever it is, what has been started must be stopped
            _log.exception("the service failed")
        finally:
            clean = service.stop()
    finally:
        folder.unlock()
    if not clean:
        logging.shutdown()
        os._exit(1)  # a thread that does not end would keep the process
    return 0 if well else 1


def _serve(service: "Service", site: Site, asked: threading.Event, go_on: threading.Event) -> None:
    """Start, say that all is ready, and wait for the signal."""
    opened = service.start(go_on)
    if site.admin.host in {"0.0.0.0", "::"}:  # noqa: S104  # it is what we warn of
        _log.warning("the administrator's port answers plain HTTP on every address; [admin] host in the site file changes that")
    if not asked.is_set():
        print(f"otppi ready admin={opened.admin} api={','.join(opened.api) or 'none'}", flush=True)
    asked.wait()


def _listen_to_signals() -> tuple[threading.Event, threading.Event]:
    """Note the first SIGTERM or SIGINT, in both events; the second one ends the process at once.

    A thread of its own hears of them by a pipe. The kernel may hand a signal to any thread, and then nothing wakes the main one to run
    its handler; and a handler must not set an event: it may interrupt the main thread just where that holds the event's lock.
    """
    asked, go_on = threading.Event(), threading.Event()
    hear, say = os.pipe2(os.O_CLOEXEC)
    os.set_blocking(say, False)
    heard: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        del frame
        if heard:
            os._exit(1)
        heard.append(number)

    def pass_on() -> None:
        os.read(hear, 1)
        asked.set()
        go_on.set()
        os.read(hear, 1)
        os._exit(1)

    threading.Thread(target=pass_on, name="signals", daemon=True).start()
    signal.set_wakeup_fd(say, warn_on_full_buffer=False)
    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)
    return asked, go_on
