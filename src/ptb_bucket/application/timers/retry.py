"""The policy for jobs that failed."""

from __future__ import annotations

from ptb_bucket._dataclass import dataclass
from ptb_bucket.location import checked_count, checked_seconds

__all__ = ["JobRetry"]


@dataclass(frozen=True)
class JobRetry:
    """A retry policy for jobs whose callback raised an error.

    The pauses double. After the last try the timer is *parked*: it stays in the bucket, ``ptb-bucket timers`` lists it,
    and ``ptb-bucket check`` names it. A parked timer never runs by itself.

    Args:
        tries: How often one occurrence is tried at most.
        pause: The seconds between the first and the second try.
        longest_pause: The most seconds between two tries.

    Raises:
        ConfigurationError: A value is out of range.
    """

    tries: int = 5
    pause: float = 30.0
    longest_pause: float = 3600.0

    def __post_init__(self) -> None:
        checked_count("tries", self.tries)
        checked_seconds("pause", self.pause)
        checked_seconds("longest_pause", self.longest_pause)

    def pause_after(self, tries: int) -> float | None:
        """Return the seconds after which an occurrence is tried again; None if it is not.

        Args:
            tries: How often it has failed.
        """
        return None if tries >= self.tries else min(self.pause * 2.0 ** min(tries - 1, 60), self.longest_pause)
