"""Random keys in files."""

import logging
import secrets
from pathlib import Path

from otppi.domain.errors import StoreError
from otppi.store.files import FILE_MODE, LOOSE, failing_as, replace_file, set_aside

log = logging.getLogger(__name__)

KEY_BYTES = 32  # as long as the output of HMAC-SHA256, and an AES-256 key


def key(path: Path, size: int = KEY_BYTES) -> bytes:
    """Read a key of ``size`` bytes, or make it (mode 0600, complete or not at all).

    A file of another size is set aside with a warning and a new key is made: what was sealed with the old one is lost.
    Raises StoreError.
    """
    try:
        found = path.read_bytes()
        if len(found) == size:
            with failing_as(f"The key {path} cannot be made private"):
                if path.stat().st_mode & LOOSE:
                    log.warning("The key %s was open to other users; its mode is 0600 now", path)
                    path.chmod(FILE_MODE)
            return found
        set_aside(path, f"a key has {size} bytes, not {len(found)}")
    except FileNotFoundError:
        pass  # the first start, or the power was lost: a new one is made below
    except StoreError:
        raise
    except OSError as error:
        raise StoreError(f"The key {path} could not be read: {error.strerror}.") from error
    made = secrets.token_bytes(size)
    replace_file(path, [made])
    return made
