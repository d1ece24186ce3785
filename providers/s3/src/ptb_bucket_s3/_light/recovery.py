"""Learn from a refused request about the next attempt: another region, another time, new credentials.

All of these answers say that the server did not carry out the request. Only then may it be sent again.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EXPIRED", "SKEWED", "Clock", "named_region"]

EXPIRED: Final = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"})
SKEWED: Final = frozenset({"RequestTimeTooSkewed", "RequestExpired", "InvalidSignatureException"})
"""The codes with which S3 and SSM refuse a time that is too far from theirs."""
_NOTICEABLE: Final = timedelta(minutes=2)
_WRONG_SIGNATURE: Final = frozenset({"AuthorizationHeaderMalformed", "IllegalLocationConstraintException"})
_WRONG_SERVER: Final = frozenset({301, 307})


class Clock:
    """The server's time, as far as its answers have shown that this machine's is wrong."""

    def __init__(self) -> None:
        self._offset = timedelta()

    def now(self) -> datetime:
        """Return the server's time, in UTC."""
        return datetime.now(timezone.utc) + self._offset

    def correct(self, headers: Mapping[str, str]) -> bool:
        """Take the time from an answer, and return whether it differs from the time that was assumed."""
        try:
            theirs = parsedate_to_datetime(headers.get("date", ""))
        except (ValueError, TypeError, IndexError):
            return False
        if theirs.tzinfo is None or abs(theirs - self.now()) < _NOTICEABLE:
            return False
        self._offset = theirs - datetime.now(timezone.utc)
        return True


def named_region(status: int, code: str, headers: Mapping[str, str], details: Mapping[str, str]) -> str:
    """Return the region that a server names because the request went to another one; empty if it names none.

    Source: S3 User Guide, "Making requests using redirection"; S3 API Reference, "Error responses".
    """
    if status not in _WRONG_SERVER and code not in _WRONG_SIGNATURE:
        return ""
    return headers.get("x-amz-bucket-region") or details.get("Region", "")
