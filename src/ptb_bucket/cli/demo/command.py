"""The verb ``demo``: its options, and the parent of the demo's processes."""

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
from typing import TYPE_CHECKING, Any

from ptb_bucket.cli.console import report_wait
from ptb_bucket.cli.demo.display import heading, narrate, read_documents, show_documents
from ptb_bucket.cli.demo.live import run_live
from ptb_bucket.errors import ConfigurationError
from ptb_bucket.location import locate
from ptb_bucket.offline_telegram import OfflineTelegram
from ptb_bucket.tools import report_waits

if TYPE_CHECKING:
    Verbs = argparse._SubParsersAction[Any]  # noqa: SLF001 - argparse has no public name for it

__all__ = ["add_to"]

_BOT_ID = 123456
_URI, _LIVE_URI = "file:./ptb-bucket-demo", "file:./ptb-bucket-demo-live"

_EPILOG = f"""
Without --live, nothing leaves this computer: Telegram is simulated offline.
With --live, the state is stored in {_LIVE_URI} by default.

examples:
  ptb-bucket demo
  ptb-bucket demo --uri s3://my-bucket/demo      (needs the s3 provider)
  TELEGRAM_BOT_TOKEN=... ptb-bucket demo --live
"""


def add_to(verbs: Verbs) -> None:
    """Add the verb to the command line.

    Args:
        verbs: The result of ``add_subparsers``.
    """
    parser = verbs.add_parser(
        "demo",
        help="chat with a bot, restart it in a new process, and see that it remembers",
        description="Chat with a bot, restart it in a new process, and see that it remembers.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    # PTB_BUCKET_URI is not read: the demo must not write into the bucket of a real bot.
    parser.add_argument("--uri", help=f"where the bot's state is stored (default: {_URI})")
    parser.add_argument("--live", action="store_true", help="run on Telegram with the token in TELEGRAM_BOT_TOKEN")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    if arguments.live:
        return run_live(arguments.uri or _LIVE_URI)
    with report_waits(report_wait):
        return _offline(arguments.uri or _URI)


def _offline(uri: str) -> int:
    location = locate(uri, None, None, ())
    if location.uri is not None and location.uri.scheme == "memory":
        raise ConfigurationError(
            "The demo runs two processes, so it can't use memory: (data is lost when a process ends). "
            "Use --uri file:./somewhere."
        )
    known = bool(asyncio.run(read_documents(location, _BOT_ID)))
    heading("ptb-bucket demo")
    narrate("Pip packs suitcases. Telegram is simulated offline.")
    narrate(f"State: {uri} ({'from an earlier run' if known else 'still empty'})")
    code = _play(["again" if known else "first", "second"], uri)
    if code == 0:
        show_documents(asyncio.run(read_documents(location, _BOT_ID)), location)
        narrate("Run the demo again, and Pip will remember you.")
    return code


def _play(acts: list[str], uri: str) -> int:
    """Play each act in a new process. The simulated Telegram's state is passed from one to the next."""
    # Update IDs begin at the current time, so that they rise from run to run, as on Telegram.
    telegram = OfflineTelegram(
        bot_id=_BOT_ID, bot_username="pip_packs_bot", bot_name="Pip", first_update_id=int(time.time())
    )
    with tempfile.TemporaryDirectory(prefix="ptb-bucket-demo-") as folder:
        file = Path(folder, "telegram.json")
        file.write_text(json.dumps(telegram.snapshot()), encoding="utf-8")
        return next((code for act in acts if (code := _new_process(act, uri, str(file)))), 0)


def _new_process(*arguments: str) -> int:
    command = [sys.executable, "-m", "ptb_bucket.cli.demo.process", *arguments]
    # Otherwise -m looks in the current directory first, where a bot author may have a telegram.py (Python >= 3.11).
    environment = os.environ | {"PYTHONSAFEPATH": "1"}
    return subprocess.run(command, check=False, env=environment).returncode  # noqa: S603  our interpreter and module
