"""The settings: the only place that changes them; whoever a section concerns is told."""

from collections.abc import Callable

from actors.owner import Owner
from otppi.config.book import Change, SettingsBook
from otppi.domain.ports import Clock


class SettingsOwner(Owner):
    """Owns the settings. ``changed`` takes each saved change before its operation is answered; it must only tell."""

    def __init__(self, clock: Clock, make_book: Callable[[Callable[[Change], None]], SettingsBook], changed: Callable[[Change], None]) -> None:
        super().__init__("settings", clock, make_book(changed).operations)
