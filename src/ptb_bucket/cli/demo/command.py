"""The verb: its options, and the parent of the demo's processes."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ptb_bucket.location import locate
from ptb_bucket.cli.console import complain
from ptb_bucket.cli.demo.document import documents, show
from ptb_bucket.cli.demo.live import run_live
from ptb_bucket.cli.demo.printing import heading, narrate
from ptb_bucket.errors import ConfigurationError
from ptb_bucket.offline_telegram import OfflineTelegram

if TYPE_CHECKING:
    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no public name for it

__all__ = ["add_to"]

_BOT_ID = 123456
_URI, _LIVE_URI = "file:./ptb-bucket-demo", "file:./ptb-bucket-demo-live"

_EPILOG = f"""
Without --live nothing leaves this computer: Telegram is played offline.

examples:
  ptb-bucket demo                                 remembers in ./ptb-bucket-demo/
  ptb-bucket demo --uri s3://my-bucket/demo       remembers in a bucket (with the provider for s3 installed)
  TELEGRAM_BOT_TOKEN=... ptb-bucket demo --live   the same bot on Telegram ({_LIVE_URI})
"""


def add_to(verbs: Verbs) -> None:
    """Add the verb to the command line.

    Args:
        verbs: What ``add_subparsers`` returned.
    """
    parser = verbs.add_parser(
        "demo",
        help="a bot that is stopped, started again in a new process, and remembers",
        description="Talk to a bot, stop it, start it again in a new process: it remembers.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    # Not from PTB_BUCKET_URI: a demo has no business in the bucket of a real bot.
    parser.add_argument("--uri", help=f"where the bot's memory lies (default: {_URI})")
    parser.add_argument("--live", action="store_true", help="run it on Telegram, with the token in TELEGRAM_BOT_TOKEN")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    return _live(arguments.uri or _LIVE_URI) if arguments.live else _offline(arguments.uri or _URI)


def _live(uri: str) -> int:
    token = os.environ.get("TELEGRAM_BOT_TOKEN", "")
    if not token:
        return complain("--live needs the token of a bot in TELEGRAM_BOT_TOKEN; @BotFather hands them out", 2)
    return run_live(uri, token)


def _offline(uri: str) -> int:
    location = locate(uri, None, None, ())
    if location.uri is not None and location.uri.scheme == "memory":
        raise ConfigurationError(
            "memory: ends with its process, and the demo is about the next one; try file:./somewhere"
        )
    known = bool(asyncio.run(documents(location, _BOT_ID)))
    heading("ptb-bucket demo")
    narrate("Pip packs suitcases, on a Telegram played offline.")
    narrate(f"Its memory: {uri} ({'it has been here before' if known else 'still empty'})")
    code = _play(["again" if known else "first", "second"], uri)
    if code == 0:
        show(asyncio.run(documents(location, _BOT_ID)), location)
        narrate("\nRun it again: Pip will remember.")
    return code


def _play(acts: list[str], uri: str) -> int:
    """Play each act in a new process; what Telegram knows goes from one to the next, as it would."""
    # Real time as the first update id: that of a later run is higher, as it would be.
    telegram = OfflineTelegram(
        bot_id=_BOT_ID, bot_username="pip_packs_bot", bot_name="Pip", first_update_id=int(time.time())
    )
    with tempfile.TemporaryDirectory(prefix="ptb-bucket-demo-") as folder:
        file = Path(folder, "telegram.json")
        file.write_text(json.dumps(telegram.snapshot()), encoding="utf-8")
        return next((code for act in acts if (code := _new_process(act, uri, str(file)))), 0)


def _new_process(*arguments: str) -> int:
    command = [sys.executable, "-m", "ptb_bucket.cli.demo.process", *arguments]
    # -m would look for modules in the current directory first: bot authors have a telegram.py there (Python >= 3.11).
    environment = os.environ | {"PYTHONSAFEPATH": "1"}
    return subprocess.run(command, check=False, env=environment).returncode  # noqa: S603 - our own interpreter and module
