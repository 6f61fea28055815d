"""Serial lines by pyserial, and one thread that watches all of them for bytes."""

import contextlib
import errno
import logging
import os
import selectors
import termios
import threading
from collections.abc import Callable
from pathlib import Path

import serial

from otppi.adapters.serial_ports import SerialPorts
from otppi.domain.errors import PortError, PortLost, PortMissing, PortTaken
from otppi.domain.ports import LineSettings
from otppi.domain.serial_port import named

WRITE_LIMIT_S = 2.0
READ_BYTES = 4096
JOIN_LIMIT_S = 5.0
_STOP_BITS = {1: serial.STOPBITS_ONE, 1.5: serial.STOPBITS_ONE_POINT_FIVE, 2: serial.STOPBITS_TWO}
_GONE = (OSError, termios.error, TypeError, ValueError)  # what pyserial raises once the device is away
_log = logging.getLogger(__name__)


class SerialLine:
    """Implements domain.ports.Line on an open port."""

    def __init__(self, port: serial.Serial, watch: "LineWatch", received: Callable[[bytes], object], lost: Callable[[str], object]) -> None:
        self.fd = port.fileno()
        self.received = received
        self.lost = lost
        self._port = port
        self._watch = watch

    def write(self, data: bytes) -> None:
        """Write everything. Raises PortLost when the device is away or does not take it."""
        try:
            with contextlib.suppress(BlockingIOError):
                data = data[os.write(self.fd, data):]
            if data:
                self._port.write(data)
        except serial.SerialTimeoutException:
            raise PortLost(f"The modem took no bytes for {WRITE_LIMIT_S:.0f} s.") from None
        except _GONE as error:
            raise PortLost("The modem's port went away.") from error

    def reset(self) -> None:
        """Empty the buffers, drop DTR and RTS and raise them again; a port without them is left as it is."""
        for act in (self._port.reset_output_buffer, self._port.reset_input_buffer, self._hang_up):
            with contextlib.suppress(*_GONE):
                act()

    def _hang_up(self) -> None:
        for raised in (False, True):
            self._port.dtr = self._port.rts = raised

    def close(self) -> None:
        """Take the line from the watch, then close it."""
        self._watch.forget(self)
        with contextlib.suppress(*_GONE):
            self._port.reset_output_buffer()  # else the kernel may hold the close up to 30 s for what a stuck device does not take
        with contextlib.suppress(*_GONE):
            self._port.close()


class LineWatch:
    """One thread for the bytes of all lines. Implements domain.ports.Lines.

    The lock guards the selector: actors open and close lines while the thread waits on them.
    """

    def __init__(self, ports: SerialPorts | None = None) -> None:
        self._ports = ports or SerialPorts()
        self._selector = selectors.DefaultSelector()
        self._lock = threading.RLock()
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._selector.register(self._wake_read, selectors.EVENT_READ, None)
        self._stopping = False
        self._thread = threading.Thread(target=self._watch, name="serial-lines")

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; lines should be closed by then."""
        self._stopping = True
        self._nudge()
        self._thread.join(JOIN_LIMIT_S)
        self._selector.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def open(self, settings: LineSettings, received: Callable[[bytes], object], lost: Callable[[str], object]) -> SerialLine:
        """Open a port for us alone and watch it. Raises PortMissing, PortTaken or PortError."""
        path = find_port(settings.path, self._ports)
        try:
            port = serial.Serial(
                path, settings.baud_rate, parity=settings.parity, stopbits=_STOP_BITS.get(settings.stop_bits, serial.STOPBITS_ONE),
                timeout=0, write_timeout=WRITE_LIMIT_S, exclusive=True,
            )
        except (OSError, termios.error, ValueError) as error:
            raise _translated(error, path) from error
        line = SerialLine(port, self, received, lost)
        with self._lock:
            self._selector.register(line.fd, selectors.EVENT_READ, line)
        self._nudge()
        return line

    def usb_id(self, path: str) -> str:
        """Give the USB id of the device at a port, such as 12d1:1506; empty for what is on no USB."""
        port = named(self._ports.ports(), path)
        return f"{port.vid}:{port.pid}" if port is not None and port.vid else ""

    def forget(self, line: SerialLine) -> None:
        """Watch a line no more; no callback comes after this returned."""
        with self._lock, contextlib.suppress(KeyError, ValueError, RuntimeError):  # RuntimeError: the watch has been stopped
            if self._selector.get_key(line.fd).data is line:
                self._selector.unregister(line.fd)

    def _nudge(self) -> None:
        with contextlib.suppress(OSError):
            os.write(self._wake_write, b"\0")

    def _watch(self) -> None:
        while not self._stopping:
            events = self._selector.select()
            with self._lock:
                for key, _ in events:
                    if key.data is None:
                        os.read(self._wake_read, READ_BYTES)
                    elif self._selector.get_map().get(key.fd) is key:
                        self._read(key.data)

    def _read(self, line: SerialLine) -> None:
        try:
            data = os.read(line.fd, READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            _log.debug("reading failed: %s", errno.errorcode.get(error.errno or 0, "?"))
            data = b""
        try:
            if data:
                line.received(data)
            else:
                self._selector.unregister(line.fd)
                line.lost("The modem's port went away.")
        except Exception:  # noqa: BLE001  # one bad receiver must not make all modems deaf
            _log.exception("what came from a line could not be delivered")


def find_port(path: str, ports: SerialPorts | None = None) -> str:
    """Give the device path of a setting: a path as it is, ``usb:<bus path>`` as its most probable port. Raises PortMissing."""
    if path.startswith("imei:"):
        raise PortMissing("A modem named by its IMEI is looked for by the device inspector; a line is opened by its path.")
    if not path.startswith("usb:"):
        return path
    found = named((ports or SerialPorts()).ports(), path)
    if found is None:
        raise PortMissing(f"There is no serial port at USB {path.removeprefix('usb:')}.{_present()}")
    return found.path


def _translated(error: Exception, path: str) -> PortError:
    number = getattr(error, "errno", None)
    if number in {errno.ENOENT, errno.ENXIO, errno.ENODEV}:
        return PortMissing(f"There is nothing at {path}.{_present()}")
    if number in {errno.EAGAIN, errno.EBUSY}:
        return PortTaken(f"Another program holds {path}.")
    if number == errno.EACCES:
        return PortError(f"{path} may not be opened by this user; being in the group dialout helps.")
    if number in {errno.ENOTTY, errno.EISDIR} or isinstance(error.__context__, termios.error):  # pyserial wraps it without its number
        return PortError(f"{path} is no serial port.")
    return PortError(f"{path} could not be opened: {os.strerror(number) if number else type(error).__name__}.")


def _present() -> str:
    ports = sorted(str(port) for pattern in ("ttyUSB*", "ttyACM*", "ttyAMA*") for port in Path("/dev").glob(pattern))
    return f" Present: {', '.join(ports)}." if ports else " No modem's port is present."
