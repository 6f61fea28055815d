"""Time zones by their names in the tz database (IANA), which the system keeps."""

from datetime import tzinfo
from zoneinfo import ZoneInfo

from otppi.domain.errors import Mistake


def zone_of(name: str) -> tzinfo | None:
    """Give a zone, None for the system's, which has no name here. Raises Mistake when the system knows none of that name."""
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (OSError, LookupError, ValueError) as error:  # ZoneInfoNotFoundError is a LookupError, a folder's name an OSError
        raise Mistake(f'There is no time zone "{name}" on this system; days, weeks and months of tariffs begin by the system\'s own.') from error
