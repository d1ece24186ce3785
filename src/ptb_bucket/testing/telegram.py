"""The path under which the tests of bots import :mod:`ptb_bucket.offline_telegram`."""

from ptb_bucket.offline_telegram import (
    ApiError,
    BusinessAccount,
    BusinessChat,
    Channel,
    Group,
    Line,
    OfflineRequest,
    OfflineTelegram,
    Person,
    PersonUpdates,
    UnknownMethodError,
    chat_in_terminal,
)

__all__ = [
    "ApiError",
    "BusinessAccount",
    "BusinessChat",
    "Channel",
    "Group",
    "Line",
    "OfflineRequest",
    "OfflineTelegram",
    "Person",
    "PersonUpdates",
    "UnknownMethodError",
    "chat_in_terminal",
]
