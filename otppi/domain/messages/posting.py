"""Between the webhooks' owner and the adapter that posts."""

from dataclasses import dataclass

from otppi.domain.webhooks import Answer


@dataclass(frozen=True, slots=True)
class Posted:
    """Adapter → webhooks: how a post went. ``ticket`` names the post, never two."""

    ticket: int
    answer: Answer


@dataclass(frozen=True, slots=True)
class TrialPosted:
    """Adapter → webhooks: how the post of a test went, which nobody waits for but who asked for it."""

    ticket: int
    answer: Answer
