"""The builder of an application that keeps its memory in a bucket, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telegram.ext import Application

from ptb_bucket.application._application import BucketApplication
from ptb_bucket.persistence import BucketPersistence

if TYPE_CHECKING:
    import os

    from telegram.ext import ApplicationBuilder

    from ptb_bucket.stores import BlobStore

__all__ = ["bucket_application"]


def bucket_application(
    where: str | os.PathLike[str] | BlobStore | BucketPersistence[Any, Any, Any] | None = None, **options: Any
) -> ApplicationBuilder[Any, Any, Any, Any, Any, Any]:
    """PTB's builder, set up for a :class:`BucketApplication`.

    Example:
        ::

            application = bucket_application("s3://my-bucket/my-bot", save="update").token(TOKEN).build()

    Args:
        where: The bucket, as for :class:`ptb_bucket.BucketPersistence`, or a persistence of yours; without it, the
            environment variable ``PTB_BUCKET_URI`` is read.
        options: ``save``, ``sequential``, ``dedupe``, ``shutdown_deadline`` of :class:`BucketApplication`.

    Returns:
        The builder: go on with ``.token(...)``, and end with ``.build()``.

    Raises:
        ConfigurationError: The URI is wrong, or there is none.
    """
    persistence = where if isinstance(where, BucketPersistence) else BucketPersistence(where)
    return Application.builder().application_class(BucketApplication, options).persistence(persistence)
