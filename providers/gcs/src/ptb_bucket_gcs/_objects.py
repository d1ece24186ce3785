"""The requests themselves: one method, one request, sent once. They block, and run in threads.

Every call carries ``retry=None``: Google's own retries repeat uploads for two minutes.
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
"""Seconds for a connection, and for the next bytes of an answer; the store's own timeout is above both."""

_SAME: Final = timedelta(seconds=1)
"""Within this, one generation's end is the next one's beginning: Google takes one write of an object each second."""


class _Upload(storage.Blob):  # type: ignore[misc]  # untyped
    """An object that is always written with one request."""

    def _do_resumable_upload(self, *args: Any, **kwargs: Any) -> Any:
        # The client takes several requests for what is larger than 8 MiB, and nothing public says otherwise.
        kwargs.pop("crc32c_checksum_value", None)
        return self._do_multipart_upload(*args, **kwargs)


_PRIVATE: Final = ("_do_resumable_upload", "_do_multipart_upload")
"""What a client of another release may call otherwise; the first one would then be overridden in vain."""


def check_client() -> None:
    """Check that the installed client can be kept to one request for each write.

    Raises:
        UnsupportedError: It cannot, by the names that are known here.
    """
    if any(not hasattr(storage.Blob, name) for name in _PRIVATE):
        raise UnsupportedError(
            f"google-cloud-storage {storage.__version__} may send a write in several requests, and this release of "
            "ptb-bucket-gcs cannot keep it from doing so. Upgrade ptb-bucket-gcs, or install an older release of that."
        )


class Objects:
    """One bucket as one client sees it.

    Args:
        client: Google's client.
        bucket: The bucket's name.
        options: How to use it.
    """

    def __init__(self, client: storage.Client, bucket: str, options: Options) -> None:
        check_client()
        self.client = client
        self._bucket = client.bucket(bucket, user_project=options.user_project)
        self._kms_key_name = options.kms_key_name
        ours = isinstance(client._http.get_adapter("https://"), CuttableAdapter)  # noqa: SLF001  nothing public
        # Of somebody else's client, the timeout for connecting is also the one for sending all of a body.
        timeout = (CONNECT, READ) if ours else (options.timeout, READ)
        self._once: Final = {"timeout": timeout, "retry": None}

    def read(self, key: str, known: int | None, generation: int | None) -> Blob | NotModified:
        """Download an object; the generation comes with the answer that brings the bytes, not from another one."""
        blob = self._bucket.blob(key, generation=generation)
        try:
            data = blob.download_as_bytes(if_generation_not_match=known, checksum="auto", **self._once)
        except api.NotModified:
            return NOT_MODIFIED
        if blob.generation is None:
            raise UnsupportedError(f"The server does not say which generation of {key!r} it has sent.", key=key)
        return NOT_MODIFIED if blob.generation == known else Blob(data, str(blob.generation))

    def write(self, key: str, data: bytes, generation: int) -> str:
        """Upload an object if its generation is this one, 0 for none at all."""
        blob = _Upload(key, self._bucket, kms_key_name=self._kms_key_name)
        blob.cache_control = "no-store"  # otherwise a bucket that is public serves states of an hour ago
        blob.upload_from_string(
            data, "application/octet-stream", if_generation_match=generation, checksum="auto", **self._once
        )
        if blob.generation is None:
            raise UnavailableError(f"The server does not say which generation of {key!r} it has written.", key=key)
        return str(blob.generation)

    def delete(self, key: str, generation: int | None = None) -> None:
        """Delete an object, whatever its generation; or only this generation, for good."""
        self._bucket.blob(key, generation=generation).delete(**self._once)

    def delete_if(self, key: str, generation: int) -> None:
        """Delete an object if its generation is this one."""
        self._bucket.blob(key).delete(if_generation_match=generation, **self._once)

    def pages(self, prefix: str) -> Iterator[list[BlobInfo]]:
        """List; each page is one request, sent when it is asked for."""
        found = self._list(prefix, "name,size")
        return ([BlobInfo(blob.name, blob.size) for blob in page] for page in found.pages)

    def version_pages(self, key: str) -> Iterator[list[storage.Blob]]:
        """List the generations of one object, until other keys begin; :func:`as_versions` reads them."""
        found = self._list(
            key, "name,size,generation,timeCreated,timeDeleted", versions="true"
        )  # an emulator wants it so
        for page in found.pages:
            blobs = list(page)
            yield [blob for blob in blobs if blob.name == key]
            if any(blob.name != key for blob in blobs):
                return

    def must_exist(self, key: str) -> None:
        """Tell a missing object from a missing bucket, with a permission that a bot has anyway.

        Raises:
            AccessError: The bucket does not exist, or nobody is allowed to know.
        """
        try:
            with translated("list", f"bucket {self._bucket.name!r}", key):
                list(self._list(key, "name", max_results=1))
        except NotFoundError as exc:
            raise AccessError(
                f"There is no bucket {self._bucket.name!r}. Check the name.", key=key, about="bucket"
            ) from exc

    def settings(self) -> storage.Bucket:
        """Read what is set for the bucket; that takes storage.buckets.get, which a bot need not have."""
        bucket = self.client.bucket(self._bucket.name, user_project=self._bucket.user_project)
        bucket.reload(**self._once)
        return bucket

    def _list(self, prefix: str, fields: str, **options: Any) -> Any:
        fields = f"items({fields}),nextPageToken"
        return self.client.list_blobs(self._bucket, prefix=prefix, fields=fields, **options, **self._once)


def as_versions(blobs: Iterable[storage.Blob]) -> Iterator[BlobVersion]:
    """The generations of one object as versions, newest first, with a marker where it was deleted.

    Google keeps no such markers: one is where a generation ended and no other one began.
    """
    since: datetime | None = None
    for blob in sorted(blobs, key=lambda blob: int(blob.generation), reverse=True):
        ended = blob.time_deleted
        if ended is not None and (since is None or since - ended > _SAME):
            yield BlobVersion(f"{blob.generation}-deleted", ended, 0, deleted=True)
        yield BlobVersion(str(blob.generation), blob.time_created, blob.size, current=ended is None)
        since = blob.time_created


def open_client(options: Options) -> storage.Client:
    """Make a client of our own: credentials are looked for, nothing is sent to the bucket."""
    endpoint = options.endpoint_url
    client = storage.Client(
        options.project,
        _credentials(options),
        client_options={"api_endpoint": endpoint} if endpoint else None,
    )
    # It would ask for the bucket's settings behind our back, in a thread of its own, for two minutes.
    client._bucket_metadata_cache = None  # noqa: SLF001  nothing public turns it off but an environment variable
    session = client._http  # noqa: SLF001  nothing public leads to it
    for scheme in ("http://", "https://"):
        if not session.is_mtls:  # whose adapter holds the client's certificate
            session.mount(scheme, CuttableAdapter())
    return client


def _credentials(options: Options) -> Any:
    if options.service_account_file:
        return service_account.Credentials.from_service_account_file(options.service_account_file)
    return None if is_google(options.endpoint_url) else AnonymousCredentials()
