"""The entry point that uvicorn serves."""

from __future__ import annotations

import os

from ptb_bucket.serverless import setting
from ptb_bucket.serverless.asgi import GoogleOidc, SharedSecret, asgi_webhook

from bot import build_application


def who_may_tick() -> GoogleOidc | SharedSecret | None:
    """Say who may call POST /tick, which runs the jobs that are due: Cloud Scheduler, or cron with a secret."""
    if "TICK_EMAIL" in os.environ:
        return GoogleOidc(setting("TICK_AUDIENCE"), setting("TICK_EMAIL"))
    return SharedSecret() if "PTB_BUCKET_TICK_SECRET" in os.environ else None


app = asgi_webhook(build_application, tick=who_may_tick())
