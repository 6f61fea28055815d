"""One mailbox per file: timing and state owned here, thinking in otppi.domain."""
