"""The full client: google-cloud-storage, for all credentials that Google's libraries know. It is imported when used."""

from __future__ import annotations

from ptb_bucket_gcs._sdk.client import SdkClients

__all__ = ["SdkClients"]
