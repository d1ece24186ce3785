"""The requests to a bucket: each method sends one request once. The methods block, so they run in threads.

Every call has ``retry=None``, because Google's own retries repeat uploads for two minutes.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from google.api_core import exceptions as api
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from google.oauth2 import service_account

from ptb_bucket.errors import AccessError, NotFoundError, UnavailableError, UnsupportedError
from ptb_bucket.stores import NOT_MODIFIED, Blob, BlobInfo, BlobVersion
from ptb_bucket_gcs._errors import translated
from ptb_bucket_gcs._options import is_google
from ptb_bucket_gcs._transport import CuttableAdapter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from ptb_bucket.stores import NotModified
    from ptb_bucket_gcs._options import Options

__all__ = ["Objects", "as_versions", "open_client"]

CONNECT: Final = 3.05
READ: Final = 10.0
"""The seconds for a connection and for the next bytes of an answer; the store's own timeout limits both."""

_SAME: Final = timedelta(seconds=1)
"""If a generation begins this soon after another one ended, it replaced it: Google accepts one write per second."""


class _Upload(storage.Blob):  # type: ignore[misc]  # untyped
    """An object that is always written with one request."""

    def _do_resumable_upload(self, *args: Any, **kwargs: Any) -> Any:
        # The client sends more than 8 MiB in several requests, and its public API cannot change that.
        kwargs.pop("crc32c_checksum_value", None)
        return self._do_multipart_upload(*args, **kwargs)


_PRIVATE: Final = ("_do_resumable_upload", "_do_multipart_upload")
"""Names that another release may not have; overriding the first one would then have no effect."""


def check_client() -> None:
    """Check that the installed client can be made to send each write in one request.

    Raises:
        UnsupportedError: It does not have the known names.
    """
    if any(not hasattr(storage.Blob, name) for name in _PRIVATE):
        raise UnsupportedError(
            f"google-cloud-storage {storage.__version__} may split a write into several requests, and this version "
            "of ptb-bucket-gcs can't prevent that. Upgrade ptb-bucket-gcs or downgrade google-cloud-storage."
        )


class Objects:
    """A bucket, seen through a client.

    Args:
        client: Google's client.
        bucket: The bucket's name.
        options: The options for using it.
    """

    def __init__(self, client: storage.Client, bucket: str, options: Options) -> None:
        check_client()
        self.client = client
        self._bucket = client.bucket(bucket, user_project=options.user_project)
        self._kms_key_name = options.kms_key_name
        ours = isinstance(client._http.get_adapter("https://"), CuttableAdapter)  # noqa: SLF001  not public
        # For a client that was passed in, the timeout for connecting also limits sending a body.
        timeout = (CONNECT, READ) if ours else (options.timeout, READ)
        self._once: Final = {"timeout": timeout, "retry": None}

    def read(self, key: str, known: int | None, generation: int | None) -> Blob | NotModified:
        """Download an object. The generation comes from the same answer as the bytes."""
        blob = self._bucket.blob(key, generation=generation)
        try:
            data = blob.download_as_bytes(if_generation_not_match=known, checksum="auto", **self._once)
        except api.NotModified:
            return NOT_MODIFIED
        if blob.generation is None:
            raise UnsupportedError(f"The server did not return a generation after reading {key!r}.", key=key)
        return NOT_MODIFIED if blob.generation == known else Blob(data, str(blob.generation))

    def write(self, key: str, data: bytes, generation: int) -> str:
        """Upload an object if it has this generation, or with 0 if it does not exist."""
        blob = _Upload(key, self._bucket, kms_key_name=self._kms_key_name)
        blob.cache_control = "no-store"  # otherwise a public bucket serves states that are an hour old
        blob.upload_from_string(
            data, "application/octet-stream", if_generation_match=generation, checksum="auto", **self._once
        )
        if blob.generation is None:
            raise UnavailableError(f"The server did not return a generation after writing {key!r}.", key=key)
        return str(blob.generation)

    def delete(self, key: str, generation: int | None = None) -> None:
        """Delete an object; with a generation, delete only that one, for good."""
        self._bucket.blob(key, generation=generation).delete(**self._once)

    def delete_if(self, key: str, generation: int) -> None:
        """Delete an object if it has this generation."""
        self._bucket.blob(key).delete(if_generation_match=generation, **self._once)

    def pages(self, prefix: str) -> Iterator[list[BlobInfo]]:
        """List objects. Each page is one request, sent when the page is needed."""
        found = self._list(prefix, "name,size,updated")
        return ([BlobInfo(blob.name, blob.size, blob.updated) for blob in page] for page in found.pages)

    def version_pages(self, key: str) -> Iterator[list[storage.Blob]]:
        """List the generations of an object, for :func:`as_versions`. It stops when other keys begin."""
        fields = "name,size,generation,timeCreated,timeDeleted"
        found = self._list(key, fields, versions="true")  # text, because an emulator expects it
        for page in found.pages:
            blobs = list(page)
            yield [blob for blob in blobs if blob.name == key]
            if any(blob.name != key for blob in blobs):
                return

    def must_exist(self, key: str) -> None:
        """Check that the bucket exists, with a permission that every bot has.

        Raises:
            AccessError: The bucket does not exist, or the bot may not know.
        """
        try:
            with translated("list", f"bucket {self._bucket.name!r}", key):
                list(self._list(key, "name", max_results=1))
        except NotFoundError as exc:
            raise AccessError(
                f"The bucket {self._bucket.name!r} does not exist. Create it, or fix the URI.",
                key=key,
                about="bucket",
            ) from exc

    def settings(self) -> storage.Bucket:
        """Read the bucket's settings, which needs storage.buckets.get. A bot need not have it."""
        bucket = self.client.bucket(self._bucket.name, user_project=self._bucket.user_project)
        bucket.reload(**self._once)
        return bucket

    def _list(self, prefix: str, fields: str, **options: Any) -> Any:
        fields = f"items({fields}),nextPageToken"
        return self.client.list_blobs(self._bucket, prefix=prefix, fields=fields, **options, **self._once)


def as_versions(blobs: Iterable[storage.Blob]) -> Iterator[BlobVersion]:
    """Convert an object's generations to versions, newest first, with markers for deletions.

    Google has no such markers. An object was deleted if a generation ended and no other one began.
    """
    since: datetime | None = None
    for blob in sorted(blobs, key=lambda blob: int(blob.generation), reverse=True):
        ended = blob.time_deleted
        if ended is not None and (since is None or since - ended > _SAME):
            yield BlobVersion(f"{blob.generation}-deleted", ended, 0, deleted=True)
        yield BlobVersion(str(blob.generation), blob.time_created, blob.size, current=ended is None)
        since = blob.time_created


def open_client(options: Options) -> storage.Client:
    """Create a client. It looks for credentials, but sends nothing to the bucket."""
    endpoint = options.endpoint_url
    client = storage.Client(
        options.project,
        _credentials(options),
        client_options={"api_endpoint": endpoint} if endpoint else None,
    )
    # The cache would request the bucket's settings on its own, in another thread, for two minutes.
    client._bucket_metadata_cache = None  # noqa: SLF001  the only public switch is an environment variable
    session = client._http  # noqa: SLF001  it has no public access
    for scheme in ("http://", "https://"):
        if not session.is_mtls:  # its adapter has the client's certificate
            session.mount(scheme, CuttableAdapter())
    return client


def _credentials(options: Options) -> Any:
    if options.service_account_file:
        return service_account.Credentials.from_service_account_file(options.service_account_file)
    return None if is_google(options.endpoint_url) else AnonymousCredentials()
