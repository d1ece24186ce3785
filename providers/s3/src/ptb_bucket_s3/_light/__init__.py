"""The light client: requests through httpcore, which is httpx's pool, signed with AWS's own libraries."""

from __future__ import annotations

from ptb_bucket_s3._light.client import LightClient, hold_light
from ptb_bucket_s3._light.refused import AnswerError, CredentialsError

__all__ = ["AnswerError", "CredentialsError", "LightClient", "hold_light"]
