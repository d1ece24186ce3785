"""Uses of ``bucket_application``, for type checkers: mypy --strict and pyright check this file, and nothing runs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from telegram.ext import (
    AIORateLimiter,
    Application,
    CallbackContext,
    CommandHandler,
    ContextTypes,
    ExtBot,
    JobQueue,
)
from typing_extensions import assert_type

from ptb_bucket import BucketApplication, BucketApplicationBuilder, BucketPersistence, bucket_application

if TYPE_CHECKING:
    from telegram import Update


@dataclass
class UserData:
    visits: int = 0


Dict = dict[Any, Any]
Default = ContextTypes.DEFAULT_TYPE
Queue = JobQueue[Default]
Context = CallbackContext[ExtBot[None], UserData, Dict, Dict]
TYPES = ContextTypes(context=Context, user_data=UserData)


async def start(_update: Update, context: Context) -> None:
    if context.user_data:
        context.user_data.visits += 1


async def load(application: BucketApplication[Any, Any, Any, Any, Any, Any]) -> None:
    await application.load_data(user_ids=[42])


async def plain_hook(application: Application[Any, Any, Any, Any, Any, Any]) -> None:
    await application.bot.get_me()


def plain_return() -> BucketApplication[Any, Any, Any, Any, Any, Any]:
    return bucket_application("memory:", save="update").token("1:a").build()


async def plain() -> None:
    application = (
        bucket_application("memory:", save="update", layout="per-record", types=[UserData]).token("1:a").build()
    )
    assert_type(application, BucketApplication[ExtBot[None], Default, Dict, Dict, Dict, Queue])
    await application.load_data(user_ids=[42])
    await application.run_and_save(load)


def after_each_method() -> None:
    builder = bucket_application().token("1:a").post_init(load).post_stop(plain_hook).post_shutdown(load)
    builder = builder.concurrent_updates(concurrent_updates=True).arbitrary_callback_data(arbitrary_callback_data=10)
    builder = (
        builder.read_timeout(5).persistence(BucketPersistence("memory:")).updater(None).local_mode(local_mode=False)
    )
    assert_type(builder, BucketApplicationBuilder[ExtBot[None], Default, Dict, Dict, Dict, Queue])


def with_types_of_ones_own() -> None:
    application = bucket_application("memory:").token("1:a").context_types(TYPES).build()
    assert_type(application, BucketApplication[ExtBot[None], Context, UserData, Dict, Dict, Queue])
    other = bucket_application("memory:", context_types=TYPES).token("1:a").build()
    assert_type(other, BucketApplication[ExtBot[None], Context, UserData, Dict, Dict, Queue])
    application.add_handler(CommandHandler("start", start))
    assert_type(application.user_data[42].visits, int)


def with_other_parts(bot: ExtBot[int]) -> None:
    builder = bucket_application("memory:")
    builder_without_queue = builder.job_queue(None)
    assert_type(builder_without_queue, BucketApplicationBuilder[ExtBot[None], Default, Dict, Dict, Dict, None])
    assert_type(builder.bot(bot).build().bot, ExtBot[int])
    assert_type(builder.rate_limiter(AIORateLimiter()).build().bot, ExtBot[int])


def with_a_persistence() -> None:
    persistence = BucketPersistence("memory:", context_types=TYPES)
    assert_type(bucket_application(persistence, dedupe=True).token("1:a").build().user_data[42], UserData)
    assert_type(bucket_application(BucketPersistence()).build().user_data[42], Dict)


def what_is_wrong() -> None:
    bucket_application("memory:", save="updates")  # type: ignore[call-overload]
    bucket_application("memory:", layout="per-recrod")  # type: ignore[call-overload]
    bucket_application("memory:", codec="jsno")  # type: ignore[call-overload]
    bucket_application("memory:", spool_dri=".")  # type: ignore[call-overload]
    bucket_application(BucketPersistence(), types=[UserData])  # type: ignore[call-overload]
    BucketPersistence("memory:", layout="per-recrod")  # type: ignore[arg-type]
    any_class = bucket_application("memory:").application_class(Application).build()
    any_class.load_data(42)  # type: ignore[attr-defined]
