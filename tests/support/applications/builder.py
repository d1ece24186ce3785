"""Build applications on an offline Telegram, the same way for every test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptb_bucket import BucketApplication

if TYPE_CHECKING:
    from telegram.ext import Application

    from ptb_bucket.offline_telegram import OfflineTelegram

__all__ = ["build_application"]


def build_application(
    telegram: OfflineTelegram,
    persistence: Any,
    *handlers: Any,
    bucket_options: dict[str, Any] | None = None,
    on_error: Any = None,
    **builder_options: Any,
) -> Application:
    """Build an application that has not been initialized.

    Args:
        telegram: The Telegram that its bot talks to.
        persistence: Its persistence.
        handlers: Handlers to add, in this order.
        bucket_options: Options of :class:`BucketApplication`; None builds PTB's own Application.
        on_error: An error handler.
        builder_options: Further settings, by the builder's method, such as ``arbitrary_callback_data=64``.
    """
    builder = telegram.builder().persistence(persistence)
    if bucket_options is not None:
        builder.application_class(BucketApplication, bucket_options)
    for name, value in builder_options.items():
        getattr(builder, name)(value)
    application = builder.build()
    application.add_handlers(list(handlers))
    if on_error is not None:
        application.add_error_handler(on_error)
    return application
