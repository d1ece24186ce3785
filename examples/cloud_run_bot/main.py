"""The entry point that uvicorn serves."""

from __future__ import annotations

from ptb_bucket.serverless.asgi import asgi_webhook

from bot import build_application

app = asgi_webhook(build_application)
