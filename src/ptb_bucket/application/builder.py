"""The builder of an application whose state is in a bucket, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar, overload

from telegram.ext import ApplicationBuilder, CallbackContext, ContextTypes, ExtBot, JobQueue

from ptb_bucket.application.application import BucketApplication
from ptb_bucket.application.ptb import BD, BT, CCT, CD, JQ, UD, SharedTlsBuilder
from ptb_bucket.errors import ConfigurationError
from ptb_bucket.persistence import BucketPersistence
from ptb_bucket.stores import did_you_mean

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Coroutine

    from telegram import Bot
    from telegram.ext import Application, BaseRateLimiter
    from typing_extensions import Self, Unpack

    from ptb_bucket.application.builder_options import ApplicationOptions, Options
    from ptb_bucket.stores import BlobStore

    Where: TypeAlias = str | os.PathLike[str] | BlobStore | None
    PostMethod: TypeAlias = Callable[[BucketApplication[Any, Any, Any, Any, Any, Any]], Coroutine[Any, Any, None]]
    DefaultQueue: TypeAlias = JobQueue[ContextTypes.DEFAULT_TYPE]
    InBT = TypeVar("InBT", bound=Bot)
    InCCT = TypeVar("InCCT", bound=CallbackContext[Any, Any, Any, Any])
    InUD = TypeVar("InUD")
    InCD = TypeVar("InCD")
    InBD = TypeVar("InBD")
    InJQ = TypeVar("InJQ", bound=JobQueue[Any] | None)
    RLARGS = TypeVar("RLARGS")

__all__ = ["BucketApplicationBuilder", "bucket_application"]


class BucketApplicationBuilder(SharedTlsBuilder[BT, CCT, UD, CD, BD, JQ]):
    """PTB's builder, whose :meth:`build` returns a :class:`BucketApplication`; :func:`bucket_application` makes one.

    It behaves as PTB's in everything. Only its methods' types differ, for type checkers and editors, and the HTTP
    clients that it makes share one TLS context.
    """

    __slots__ = ()

    if TYPE_CHECKING:

        def build(self) -> BucketApplication[BT, CCT, UD, CD, BD, JQ]: ...

        def application_class(  # type: ignore[override]  # what it builds is no longer known
            self,
            application_class: type[Application[Any, Any, Any, Any, Any, Any]],
            kwargs: dict[str, object] | None = None,
        ) -> ApplicationBuilder[BT, CCT, UD, CD, BD, JQ]: ...

        def bot(self, bot: InBT) -> BucketApplicationBuilder[InBT, CCT, UD, CD, BD, JQ]: ...

        def job_queue(self, job_queue: InJQ) -> BucketApplicationBuilder[BT, CCT, UD, CD, BD, InJQ]: ...

        def context_types(
            self, context_types: ContextTypes[InCCT, InUD, InCD, InBD]
        ) -> BucketApplicationBuilder[BT, InCCT, InUD, InCD, InBD, JQ]: ...

        def rate_limiter(
            self, rate_limiter: BaseRateLimiter[RLARGS]
        ) -> BucketApplicationBuilder[ExtBot[RLARGS], CCT, UD, CD, BD, JQ]: ...

        def post_init(self, post_init: PostMethod) -> Self: ...

        def post_stop(self, post_stop: PostMethod) -> Self: ...

        def post_shutdown(self, post_shutdown: PostMethod) -> Self: ...


_OF_APPLICATION: Final = frozenset(BucketApplication.__init__.__kwdefaults__ or ())
_OF_PERSISTENCE: Final = frozenset(BucketPersistence.__init__.__kwdefaults__ or ())


@overload
def bucket_application(
    where: Where = None, *, context_types: None = None, **options: Unpack[Options]
) -> BucketApplicationBuilder[
    ExtBot[None], ContextTypes.DEFAULT_TYPE, dict[Any, Any], dict[Any, Any], dict[Any, Any], DefaultQueue
]: ...


@overload
def bucket_application(
    where: Where = None, *, context_types: ContextTypes[CCT, UD, CD, BD], **options: Unpack[Options]
) -> BucketApplicationBuilder[ExtBot[None], CCT, UD, CD, BD, DefaultQueue]: ...


@overload
def bucket_application(
    where: BucketPersistence[UD, CD, BD], **options: Unpack[ApplicationOptions]
) -> BucketApplicationBuilder[ExtBot[None], CallbackContext[ExtBot[None], UD, CD, BD], UD, CD, BD, DefaultQueue]: ...


def bucket_application(
    where: Where | BucketPersistence[Any, Any, Any] = None, **options: Any
) -> BucketApplicationBuilder[Any, Any, Any, Any, Any, Any]:
    """Return PTB's builder, set up for a :class:`BucketApplication`.

    Example:
        ::

            application = bucket_application("s3://my-bucket/my-bot", save="update").token(TOKEN).build()

    Args:
        where: The bucket, as for :class:`ptb_bucket.BucketPersistence`, or a persistence of yours; without it, the
            environment variable ``PTB_BUCKET_URI`` is read.
        options: ``save``, ``sequential``, ``dedupe``, ``shutdown_deadline``, ``cache_size``, ``jobs``, ``callbacks``,
            ``job_retry`` and ``tick`` of
            :class:`BucketApplication`, and everything that :class:`ptb_bucket.BucketPersistence` takes, unless you pass
            a persistence. ``context_types`` are the application's too.

    Returns:
        The builder: go on with ``.token(...)``, and end with ``.build()``.

    Raises:
        ConfigurationError: The URI or an option is wrong, or there is no URI.
    """
    _check_names(options)
    own = {name: options.pop(name) for name in _OF_APPLICATION & options.keys()}
    persistence = (
        _ready(where, options) if isinstance(where, BucketPersistence) else BucketPersistence(where, **options)
    )
    builder = BucketApplicationBuilder[Any, Any, Any, Any, Any, Any]()
    ApplicationBuilder.application_class(builder, BucketApplication, own)
    return builder.persistence(persistence).context_types(persistence.context_types)


def _check_names(options: Collection[str]) -> None:
    known = _OF_APPLICATION | _OF_PERSISTENCE
    if unknown := sorted(set(options) - known):
        raise ConfigurationError(
            "bucket_application() got an unexpected option: "
            f"{', '.join(map(repr, unknown))}.{did_you_mean(unknown, known)} BucketApplication options: "
            f"{', '.join(sorted(_OF_APPLICATION))}. BucketPersistence options: "
            f"{', '.join(sorted(_OF_PERSISTENCE))}."
        )


def _ready(persistence: BucketPersistence[Any, Any, Any], options: Collection[str]) -> BucketPersistence[Any, Any, Any]:
    if options:
        arguments = ", ".join(f"{name}=..." for name in sorted(options))
        raise ConfigurationError(
            f"bucket_application() can't change the options of an existing BucketPersistence: {arguments}. Pass "
            f"them to BucketPersistence(uri, {arguments}), or pass the URI: bucket_application(uri, {arguments})."
        )
    return persistence
