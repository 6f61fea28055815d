"""Long messages both ways: `split` for those that leave, `Joiner` for those that come."""

from otppi.at.joiner import Incomplete, Joiner
from otppi.at.segments import MAX_PARTS, Alphabet, Concat, Segment, count, split

__all__ = ["MAX_PARTS", "Alphabet", "Concat", "Incomplete", "Joiner", "Segment", "count", "split"]
