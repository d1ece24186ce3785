"""The ASGI entry point: ``app = asgi_webhook(build_application)`` for Cloud Run, Fly and any uvicorn."""

from __future__ import annotations

try:
    import starlette as _starlette  # noqa: F401
except ModuleNotFoundError as error:
    raise ImportError(
        "ptb_bucket.serverless.asgi needs Starlette. Run: pip install 'ptb-bucket[asgi]' "
        "(in a checkout: pip install '.[asgi]')"
    ) from error

from ptb_bucket.serverless.asgi.app import asgi_webhook
from ptb_bucket.serverless.asgi.ticks import GoogleOidc, SharedSecret
from ptb_bucket.serverless.settings import setting

__all__ = ["GoogleOidc", "SharedSecret", "asgi_webhook", "setting"]
