"""Families of modems and their quirks, as data: a new quirk is a line in ``families``."""

from otppi.at.profiles.families import FAMILIES, GENERIC
from otppi.at.profiles.profile import Profile

__all__ = ["FAMILIES", "GENERIC", "Profile", "choose"]


def choose(manufacturer: str, model: str = "", usb: str = "") -> Profile:
    """Give the first family that a maker and a model belong to; by the USB id (``12d1:1506``) when that is nobody's; else the generic one."""
    maker, device = manufacturer.lower(), usb.lower()
    for family in FAMILIES:
        if any(name in maker for name in family.makers) and family.models.search(model):
            return family
    return next((family for family in FAMILIES for known in family.usb if device and known in {device, device[:4]}), GENERIC)
