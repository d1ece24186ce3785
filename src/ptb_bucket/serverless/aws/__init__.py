"""The entry point for AWS Lambda.

Example:
    ::

        from ptb_bucket import bucket_application
        from ptb_bucket.serverless.aws import lambda_webhook, setting

        def build_application():
            builder = bucket_application("s3://my-bucket/{bot_id}", dedupe=True)
            application = builder.token(setting("TELEGRAM_BOT_TOKEN")).build()
            application.add_handler(CommandHandler("start", start))
            return application

        handler = lambda_webhook(build_application)
"""

from __future__ import annotations

from ptb_bucket.serverless.aws.handler import lambda_webhook
from ptb_bucket.serverless.settings import setting

__all__ = ["lambda_webhook", "setting"]
