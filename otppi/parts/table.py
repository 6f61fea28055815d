"""All parts of the device, in the order in which they start."""

from otppi.parts.part import Part

PARTS: tuple[type[Part], ...] = ()
