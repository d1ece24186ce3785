"""A Lambda environment: import the handler from an unpacked package and call it, before an offline Telegram.

    python -I -S lambda_process.py FOLDER < events.json

Only the standard library and FOLDER are there to import from.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

FOLDER = Path(sys.argv[1]).resolve()
STANDARD = Path(json.__file__).parents[1]
sys.path.insert(0, str(FOLDER))
os.environ["PTB_BUCKET_INIT_SECONDS"] = "0"  # Telegram is replaced after the import

import bot  # noqa: E402  from the folder
import handler  # noqa: E402  likewise

from ptb_bucket.offline_telegram import OfflineTelegram  # noqa: E402  likewise

TELEGRAM = OfflineTelegram(bot_id=424242)
TELEGRAM.user(42, "Ada")


class Context:
    """The context that AWS passes with the event."""

    def get_remaining_time_in_millis(self):
        """Tell the time that is left, in ms."""
        return 25_000


def connected(_builder=bot.bucket_application, **options):
    """Put the offline Telegram where the token's one would be. The token is read all the same."""
    return TELEGRAM.connect(_builder(**options))


def imported():
    """Names of modules from the folder, and of those from anywhere but there and the standard library."""
    files = {name: Path(module.__file__) for name, module in sys.modules.items() if getattr(module, "__file__", None)}
    inside = [name for name, file in files.items() if file.is_relative_to(FOLDER)]
    known = [name for name, file in files.items() if file.is_relative_to(STANDARD)]
    ours = {"__main__", "__mp_main__"}  # this program, also as multiprocessing names it
    return inside, sorted(files.keys() - {*inside, *known, *ours})


bot.bucket_application = connected
statuses = [handler.handler(event, Context())["statusCode"] for event in json.load(sys.stdin)]
said = [line.text for line in TELEGRAM.transcript if line.who != "Ada" and line.kind == "message"]
inside, elsewhere = imported()
print(json.dumps({"statuses": statuses, "said": said, "from package": inside, "from elsewhere": elsewhere}))  # noqa: T201
