"""USSD: `+CUSD` (TS 27.007 section 7.15) with a balance, one's own number and a menu that asks back."""

from collections.abc import Mapping
from typing import Final

from otppi.at import gsm7
from otppi.virtual.at_parser import Command, Kind
from otppi.virtual.commands_basic import among
from otppi.virtual.modem import Answer, Handler, Modem
from otppi.virtual.refusals import cme
from otppi.virtual.text_mode import from_program, to_program

LEAST_DELAY_S: Final = 0.02
"""A network never answers before the OK has left."""
DCS_GSM7: Final = 15
CLOSED: Final = 0
OPEN: Final = 1
CR: Final = 0x0D

ANSWERS: Final[Mapping[str, tuple[int, str]]] = {
    "*888#": (CLOSED, "Sisa pulsa Anda adalah Rp 12345"),
    "*123#": (OPEN, "Menu:\n1. Pulsa\n2. Paket\n3. Lainnya"),
    "*123#/1": (CLOSED, "Sisa pulsa Anda adalah Rp 12345"),
    "*123#/2": (OPEN, "Paket:\n1. Harian\n2. Bulanan\n0. Kembali"),
    "*123#/2/1": (CLOSED, "Paket Harian: 500 MB, Rp 2000"),
    "*123#/2/2": (CLOSED, "Paket Bulanan: 10 GB, Rp 50000"),
    "*123#/2/0": (OPEN, "Menu:\n1. Pulsa\n2. Paket\n3. Lainnya"),
    "*123#/3": (CLOSED, "Terima kasih"),
    "*101*4#": (CLOSED, "Masa aktif s.d. 31-12-2030"),
}
"""By the code and, after slashes, the choices made; `*808#` is answered with the own number."""
OWN_NUMBER: Final = "*808#"
UNKNOWN: Final = (CLOSED, "Maaf, layanan tidak dikenal")
WRONG_CHOICE: Final = (CLOSED, "Maaf, pilihan tidak tersedia")


def packed(text: str) -> str:
    """GSM 7-bit packed as hex, CR as padding where seven bits stay free (TS 23.038 section 6.1.2.3.1)."""
    septets = gsm7.encode(text)
    if len(septets) % 8 == 7:
        septets += bytes([CR])
    return gsm7.pack(septets).hex().upper()


def unpacked(digits: str) -> str:
    """The reverse; +CME ERROR: 25 for what is no hex. Seven characters without padding gain an @, as on a Huawei."""
    try:
        octets = bytes.fromhex(digits)
    except ValueError:
        raise cme(25) from None
    septets = gsm7.unpack(octets, len(octets) * 8 // 7)
    if len(octets) % 7 == 0:
        septets = septets.removesuffix(bytes([CR]))
    return gsm7.decode(septets)


def _ussd(modem: Modem, command: Command) -> Answer:
    if command.kind is Kind.TEST:
        return ["+CUSD: (0-2)"]
    if command.kind is Kind.READ:
        return [f"+CUSD: {modem.session.cusd}"]
    mode = among(command, range(3))
    if mode == 2:
        modem.menu = None
        return ()
    modem.session.cusd = mode
    if len(command.values) < 2:
        return ()
    modem.need_sim()
    if not modem.registered():
        raise cme(30)
    said = _said(modem, command.value(1))
    modem.later(max(LEAST_DELAY_S, modem.latency_s), lambda: _reply(modem, said))
    return ()


def _said(modem: Modem, value: str) -> str:
    if modem.profile.ussd_packed:
        return unpacked(value)
    if modem.session.charset == "UCS2":
        return from_program(value.encode("latin-1", "replace"), "UCS2")
    return value


def _reply(modem: Modem, said: str) -> None:
    path = said if modem.menu is None else f"{modem.menu}/{said}"
    if said == OWN_NUMBER:
        state, text = CLOSED, f"Nomor Anda {modem.identity.msisdn}"
    else:
        state, text = ANSWERS.get(path, UNKNOWN if modem.menu is None else WRONG_CHOICE)
        text = text.replace("Rp 12345", f"Rp {modem.credit}")
    if state == OPEN:
        modem.menu = path.removesuffix("/2/0")
    else:
        modem.menu = None
    if not modem.session.cusd:
        return
    shown = packed(text) if modem.profile.ussd_packed else to_program(text, modem.session.charset)
    modem.urc(f'+CUSD: {state},"{shown}",{DCS_GSM7}')


USSD: Final[Mapping[str, Handler]] = {"+CUSD": _ussd}
"""Handlers by name."""
