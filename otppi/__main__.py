"""``python -m otppi``."""

import sys

from otppi.cli import main

sys.exit(main())
