"""Entry points for bots whose process a platform starts, freezes and stops.

Each platform has its own module, because each needs other packages: :mod:`ptb_bucket.serverless.aws` for AWS Lambda,
:mod:`ptb_bucket.serverless.asgi` for everything that runs an ASGI application.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket._lazy import lazy_exports

if TYPE_CHECKING:
    from ptb_bucket.serverless.settings import setting
    from ptb_bucket.serverless.webhook import build_for_webhook, describe_error

__all__ = ["build_for_webhook", "describe_error", "setting"]

__getattr__ = lazy_exports(
    __name__,
    {
        "ptb_bucket.serverless.settings": ("setting",),
        "ptb_bucket.serverless.webhook": ("build_for_webhook", "describe_error"),
    },
)
