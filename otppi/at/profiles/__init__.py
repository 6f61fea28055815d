"""Families of modems and their quirks, as data: a new quirk is a line in ``families``."""

from otppi.at.profiles.families import FAMILIES, GENERIC
from otppi.at.profiles.profile import Profile

__all__ = ["FAMILIES", "GENERIC", "Profile", "choose"]


def choose(manufacturer: str, model: str = "", usb_vendor: str = "") -> Profile:
    """Give the first family that a maker and a model belong to; by the USB vendor id when the maker is none of them; else the generic one."""
    maker = manufacturer.lower()
    for family in FAMILIES:
        if any(name in maker for name in family.makers) and family.models.search(model):
            return family
    return next((family for family in FAMILIES if usb_vendor and usb_vendor.lower() in family.usb_vendors), GENERIC)
