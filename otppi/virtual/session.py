"""What a program has set on a modem with AT commands; ATZ, AT&F and a loss of power take it back."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Session:
    """Each field is named after the command that sets it."""

    echo: bool = True
    verbose: bool = True
    quiet: bool = False
    cmee: int = 0
    text_mode: bool = False
    """`+CMGF=1`"""
    charset: str = "GSM"
    """`+CSCS`"""
    csmp: list[int] = field(default_factory=lambda: [17, 167, 0, 0])
    """First octet, validity period, protocol identifier, data coding scheme of a SUBMIT in text mode."""
    csdh: int = 0
    cnmi: list[int] = field(default_factory=lambda: [0, 0, 0, 0, 0])
    csms: int = 0
    cmms: int = 0
    cusd: int = 0
    cops_format: int = 0
    registration_urc: dict[str, int] = field(default_factory=lambda: {"+CREG": 0, "+CGREG": 0, "+CEREG": 0})
    stores: list[str] = field(default_factory=lambda: ["SM", "SM", "SM"])
    """`+CPMS`: read and delete, write and send, receive."""
    registers: dict[int, int] = field(default_factory=lambda: {0: 0, 3: 13, 4: 10, 5: 8, 7: 60})
    """S-registers of V.250."""
