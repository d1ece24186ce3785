"""Entry points for bots whose process somebody else starts, freezes and stops.

One module for each kind, because each needs something else to be installed: :mod:`ptb_bucket.serverless.aws` for AWS
Lambda, :mod:`ptb_bucket.serverless.asgi` for everything that runs an ASGI application.
"""
