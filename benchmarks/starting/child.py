"""A program that starts a bot, handles one webhook, saves it and prints the time of each phase.

Run it as ``python child.py CONTESTANT SETTINGS BEGIN``: settings as JSON, and ``time.monotonic()`` at the start of the
process. It imports nothing before the first phase that Python has not imported itself, except ``time``.
"""

import sys
import time

MARKS = [("interpreter", time.monotonic(), time.process_time())]


def done(phase: str) -> None:
    """Record the end of a phase: the time, and the CPU time of all threads."""
    MARKS.append((phase, time.monotonic(), time.process_time()))


if sys.argv[1] == "ptb tuned":
    import gc

    gc.disable()

import asyncio  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
from importlib import import_module  # noqa: E402

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120  no pathlib
SETTINGS = json.loads(sys.argv[2])
CONTESTANTS = {
    "ptb": "alone",
    "ptb tuned": "alone",
    "pickle": "pickles",
    "boto3": "boto3_pickle",
    "file": "buckets",
    "s3 light": "buckets",
    "s3 aioboto3": "buckets",
    "gs light": "buckets",
    "gs google-cloud-storage": "buckets",
}
"""Contestant → the module in ``bots`` that imports its libraries and builds it."""

ADA = {"id": 42, "is_bot": False, "first_name": "Ada"}
MESSAGE = {"message_id": 1, "date": 1, "chat": {"id": 42, "type": "private"}, "from": ADA, "text": "hello"}


async def count(update, context):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201  its types are not imported
    """Count a user's messages, and answer."""
    context.user_data["count"] = context.user_data.get("count", 0) + 1
    await update.effective_message.reply_text("hi")


async def run(bot) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001  as above
    """Build, load and handle a webhook; leave what a platform does after the answer out of the figures."""
    from telegram import Update  # noqa: PLC0415
    from telegram.ext import MessageHandler, filters  # noqa: PLC0415

    builder = bot.builder(sys.argv[1], SETTINGS).token("1:a")
    application = builder.base_url(SETTINGS["telegram"] + "/bot").build()
    application.add_handler(MessageHandler(filters.TEXT, count))
    done("build")
    await application.initialize()
    if sys.argv[1] == "ptb tuned":
        gc.enable()
    done("connect and load")
    update = Update.de_json({"update_id": 1, "message": MESSAGE}, application.bot)
    await application.process_update(update)
    await bot.save(application)
    done("first webhook")
    await application.shutdown()


def largest_memory() -> int:
    """Return the largest resident memory of this process in bytes. getrusage would count the parent's, too."""
    with open("/proc/self/status") as file:  # noqa: PTH123  no pathlib
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))


def main() -> None:
    """Run the contestant."""
    try:
        bot = import_module(f"starting.bots.{CONTESTANTS[sys.argv[1]]}")
        bot.require(sys.argv[1])
    except ImportError as exc:
        print(json.dumps({"missing": str(exc)}))
        return
    done("imports")
    asyncio.run(run(bot))
    files = [file for module in sys.modules.values() if (file := getattr(module, "__file__", None))]
    print(json.dumps({"begin": float(sys.argv[3]), "marks": MARKS, "memory": largest_memory(), "files": files}))


main()
