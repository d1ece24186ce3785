"""One process of the demo: the bot starts, plays an act, and is gone."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from ptb_bucket import BucketPersistence
from ptb_bucket.cli.console import prepare_streams, report
from ptb_bucket.cli.demo import bot
from ptb_bucket.cli.demo.printing import heading
from ptb_bucket.cli.demo.script import ACTS, Stage
from ptb_bucket.errors import PTBBucketError
from ptb_bucket.offline_telegram import OfflineTelegram

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

_PATIENCE = 5.0  # seconds for a save; somebody is watching


def main(argv: Sequence[str]) -> int:
    """Play an act.

    Args:
        argv: The act; the URI of the bot's memory; the file of Telegram's memory, which is read and written.

    Returns:
        The exit code.
    """
    act, uri, file = argv
    prepare_streams()
    # That a memory is still empty is news to an operator (a warning); here the dialogue tells it.
    logging.basicConfig(level=logging.ERROR)
    telegram = OfflineTelegram.restore(json.loads(Path(file).read_text(encoding="utf-8")), clock=_now)
    try:
        asyncio.run(_play(act, uri, telegram))
    except PTBBucketError as error:
        return report(error)
    except KeyboardInterrupt:
        return 130  # the parent was interrupted as well, and says so
    Path(file).write_text(json.dumps(telegram.snapshot()), encoding="utf-8")
    return 0


def _now() -> datetime:
    return datetime.now(timezone.utc)


async def _play(act: str, uri: str, telegram: OfflineTelegram) -> None:
    app = bot.build(telegram.builder(), BucketPersistence(uri, commit_timeout=_PATIENCE))
    async with app:
        heading(f"process {os.getpid()}: Pip starts")
        await app.start()
        try:
            await ACTS[act](Stage(telegram, app))
        finally:
            await app.stop()
    heading(f"process {os.getpid()}: Pip stops")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
