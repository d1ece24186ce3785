"""Entry points for bots whose process a platform starts, freezes and stops.

Each platform has its own module, because each needs other packages: :mod:`ptb_bucket.serverless.aws` for AWS Lambda,
:mod:`ptb_bucket.serverless.asgi` for everything that runs an ASGI application.
"""

from ptb_bucket.serverless.settings import setting

__all__ = ["setting"]
