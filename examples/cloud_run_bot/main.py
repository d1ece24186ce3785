"""The entry point that uvicorn serves."""

from __future__ import annotations

import os

from ptb_bucket.serverless import setting
from ptb_bucket.serverless.asgi import GoogleOidc, asgi_webhook

from bot import build_application

# Cloud Scheduler calls POST /tick, which runs the jobs that are due. On another host, pass SharedSecret().
tick = GoogleOidc(setting("TICK_AUDIENCE"), setting("TICK_EMAIL")) if "TICK_EMAIL" in os.environ else None
app = asgi_webhook(build_application, tick=tick)
