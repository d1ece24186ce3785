"""An offline Telegram for tests and demos: real Applications and updates, no network and no token.

Example:
    ::

        telegram = OfflineTelegram()
        ada = telegram.user(42, "Ada")
        app = build_application(telegram.builder())
        async with app:
            [answer] = await ada.send(app, "/start")
            await ada.press(app, "Yes")
        for line in telegram.transcript:
            print(line)

    To restart the bot, build a new application on the same Telegram. In another process,
    ``OfflineTelegram.restore(telegram.snapshot())`` continues with the same IDs, messages and keyboards. If your bot
    builds its own application, let it accept an ``ApplicationBuilder`` and pass ``telegram.builder()``.
"""

from ptb_bucket.offline_telegram.errors import ApiError, UnknownMethodError
from ptb_bucket.offline_telegram.people import BusinessAccount, Person, PersonUpdates
from ptb_bucket.offline_telegram.places import BusinessChat, Channel, Group
from ptb_bucket.offline_telegram.request import OfflineRequest
from ptb_bucket.offline_telegram.telegram import OfflineTelegram
from ptb_bucket.offline_telegram.terminal import chat_in_terminal
from ptb_bucket.offline_telegram.transcript import Line

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
