"""The modules of an example, imported from its folder and connected to an offline Telegram."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

    import pytest

    from ptb_bucket.offline_telegram import OfflineTelegram

EXAMPLES = Path(__file__).parents[3] / "examples"


def import_example(patch: pytest.MonkeyPatch, folder: Path, module: str, telegram: OfflineTelegram) -> ModuleType:
    """Import a module of an example anew, as a new process does, and let the bot talk to an offline Telegram.

    The bot still reads its token: the offline Telegram only ignores it.
    """
    for name in ("bot", module):
        patch.delitem(sys.modules, name, raising=False)
    with patch.context() as importing:
        importing.syspath_prepend(folder)
        imported = __import__(module)
    bot = sys.modules.pop("bot")
    sys.modules.pop(module, None)
    builder = bot.bucket_application

    def connected(*args: Any, **options: Any) -> Any:
        return telegram.connect(builder(*args, **options))

    patch.setattr(bot, "bucket_application", connected)
    return imported
