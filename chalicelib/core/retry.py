"""How long to wait before trying again."""

from random import uniform


def full_jitter(attempt: int, *, base: float = 0.02, most: float = 1.0) -> float:
    """Seconds to wait before attempt `attempt + 1` (aws.amazon.com/blogs/architecture, "Exponential backoff and jitter")."""
    return uniform(0, min(most, base * 2**attempt))
