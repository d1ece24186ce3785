"""ptb-bucket, on the store that the contestant names."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from telegram.ext import ApplicationBuilder, MessageHandler, filters  # noqa: F401, TC002  as in a bot

from ptb_bucket import BucketApplication, bucket_application

NEEDED = {
    "s3 light": ("ptb_bucket_s3",),
    "s3 aioboto3": ("ptb_bucket_s3", "aioboto3"),
    "gs light": ("ptb_bucket_gcs",),
    "gs google-cloud-storage": ("ptb_bucket_gcs",),
}


def require(contestant: str) -> None:
    """Check that the provider is installed, without importing it: ptb-bucket imports it when it is first used."""
    for name in NEEDED.get(contestant, ()):
        if find_spec(name) is None:
            raise ModuleNotFoundError(f"No module named {name!r}")


def builder(contestant: str, settings: dict[str, str]) -> ApplicationBuilder[Any, Any, Any, Any, Any, Any]:
    """Return the builder of ptb-bucket."""
    return bucket_application(settings[contestant], save="update")


async def save(_application: BucketApplication[Any, Any, Any, Any, Any, Any]) -> None:
    """Do nothing, because the update was saved before process_update returned."""
