"""The entry point that AWS Lambda calls."""

from __future__ import annotations

from ptb_bucket.serverless.aws import lambda_webhook

from bot import build_application

handler = lambda_webhook(build_application)
