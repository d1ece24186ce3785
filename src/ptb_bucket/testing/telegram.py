"""The path under which the tests of bots import :mod:`ptb_bucket.offline_telegram`."""

from ptb_bucket.offline_telegram import (
    ApiError,
    Group,
    Line,
    OfflineRequest,
    OfflineTelegram,
    Person,
    UnknownMethodError,
)

__all__ = ["ApiError", "Group", "Line", "OfflineRequest", "OfflineTelegram", "Person", "UnknownMethodError"]
