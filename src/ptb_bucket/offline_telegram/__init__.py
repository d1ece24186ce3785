"""A Telegram played offline: real Applications, real updates, no network and no token.

Example:
    ::

        telegram = OfflineTelegram()
        ada = telegram.user(42, "Ada")
        app = telegram.builder().persistence(...).build()
        async with app:
            [answer] = await ada.send(app, "/start")
            await ada.press(app, "Yes")
        for line in telegram.transcript:
            print(line)

    A restart is a new application on the same Telegram; in another process,
    ``OfflineTelegram.restore(telegram.snapshot())`` goes on with its ids, messages and keyboards. A bot that builds its
    own application takes ours instead of its token: let it accept an ``ApplicationBuilder``, and pass
    ``telegram.builder()``.
"""

from ptb_bucket.offline_telegram.errors import ApiError, UnknownMethodError
from ptb_bucket.offline_telegram.people import Group, Person
from ptb_bucket.offline_telegram.request import OfflineRequest
from ptb_bucket.offline_telegram.telegram import OfflineTelegram
from ptb_bucket.offline_telegram.transcript import Line

__all__ = ["ApiError", "Group", "Line", "OfflineRequest", "OfflineTelegram", "Person", "UnknownMethodError"]
