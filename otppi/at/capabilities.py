"""What a modem turned out to be able to do."""

from dataclasses import dataclass

from otppi.at.dialogue import Command, Script


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Findings of one IMEI and firmware."""

    cnmi: str = "2,1,0,1,0"
    reports: str = "direct"
    stores: tuple[str, ...] = ("SM", "ME")
    report_store: str = "SR"
    first_index: int = 0
    receive_store: str = "SM"
    acknowledge: bool = False


def listen(found: Capabilities) -> Script:
    """Have the modem tell of what comes in. Returns the last Final."""
    return (yield Command(f"AT+CNMI={found.cnmi}")).final
