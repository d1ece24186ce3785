"""The light client: requests through httpcore, which is httpx's pool, with tokens of Google's metadata server."""

from __future__ import annotations

from ptb_bucket_gcs._light.client import LightClient, hold_light
from ptb_bucket_gcs._light.tokens import KnownToken

__all__ = ["KnownToken", "LightClient", "hold_light"]
