"""A page to look inside a bot's memory: ``ptb-bucket web``. It uses only the tools, as the command line does."""

from __future__ import annotations

from ptb_bucket.web.app import create_app, listening_on, serve
from ptb_bucket.web.security import Doorkeeper, is_loopback
from ptb_bucket.web.site import Settings

__all__ = ["Doorkeeper", "Settings", "create_app", "is_loopback", "listening_on", "serve"]
