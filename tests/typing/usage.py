"""Uses of the public names, for type checkers: mypy --strict checks this file in CI, and nothing runs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from telegram.ext import Application, CallbackContext, ContextTypes, ExtBot
from typing_extensions import assert_type

from ptb_bucket import BucketPersistence, Conflict, add_differences


@dataclass
class UserData:
    visits: int = 0


def resolver(conflict: Conflict) -> object:
    return conflict.theirs if conflict.path == ("total",) else add_differences(conflict)


def plain() -> None:
    persistence = BucketPersistence("file:./bot-data", resolver=resolver, refresh_interval=0)
    Application.builder().token("1:x").persistence(persistence).build()
    Application.builder().token("1:x").persistence(BucketPersistence()).build()


Context = CallbackContext[ExtBot[None], UserData, dict[Any, Any], dict[Any, Any]]


async def typed() -> None:
    context_types = ContextTypes(context=Context, user_data=UserData)
    persistence = BucketPersistence("memory:", context_types=context_types, types=[UserData])
    assert_type(await persistence.get_user_data(), dict[int, UserData])
    assert_type(persistence.stats.pending, tuple[str, ...])
