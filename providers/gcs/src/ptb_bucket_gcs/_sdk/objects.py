"""The requests to a bucket: each method sends one request once. The methods block, so they run in threads.

Every call has ``retry=None``, because Google's own retries repeat uploads for two minutes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from google.api_core import exceptions as api
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from google.oauth2 import service_account

from ptb_bucket.errors import UnavailableError, UnsupportedError
from ptb_bucket.stores import NOT_MODIFIED, Blob, BlobInfo
from ptb_bucket_gcs._options import CONNECT, READ, is_google
from ptb_bucket_gcs._requests import BucketSettings, Page, StoredGeneration
from ptb_bucket_gcs._sdk.transport import CuttableAdapter

if TYPE_CHECKING:
    from ptb_bucket.stores import NotModified
    from ptb_bucket_gcs._options import Options

__all__ = ["Objects", "open_client"]


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

    def delete(self, key: str, generation: int | None, if_generation: int | None) -> None:
        """Delete an object; with a generation, delete only that one, for good."""
        self._bucket.blob(key, generation=generation).delete(if_generation_match=if_generation, **self._once)

    def page(self, prefix: str, after: str) -> Page[BlobInfo]:
        """List objects."""
        found, token = self._list(prefix, "name,size,updated", after)
        return Page([BlobInfo(blob.name, blob.size, blob.updated) for blob in found], token)

    def generations(self, prefix: str, after: str) -> Page[StoredGeneration]:
        """List generations of objects."""
        fields = "name,size,generation,timeCreated,timeDeleted"
        found, token = self._list(prefix, fields, after, versions="true")  # text, because an emulator expects it
        return Page([_generation(blob) for blob in found], token)

    def look(self, key: str) -> None:
        """List at most one object."""
        self._list(key, "name", "", max_results=1)

    def settings(self) -> BucketSettings:
        """Read the bucket's settings."""
        bucket = self.client.bucket(self._bucket.name, user_project=self._bucket.user_project)
        bucket.reload(**self._once)
        return BucketSettings(
            bucket.name,
            versioning=bool(bucket.versioning_enabled),
            uniform_access=bool(bucket.iam_configuration.uniform_bucket_level_access_enabled),
            held=bool(bucket.retention_period or bucket.default_event_based_hold),
        )

    def _list(self, prefix: str, fields: str, after: str, **options: Any) -> tuple[list[storage.Blob], str]:
        """Return a page and the token of the next one."""
        fields = f"items({fields}),nextPageToken"
        found = self.client.list_blobs(
            self._bucket, prefix=prefix, fields=fields, page_token=after or None, **options, **self._once
        )
        page = list(next(found.pages))
        return page, found.next_page_token or ""


def _generation(blob: storage.Blob) -> StoredGeneration:
    return StoredGeneration(blob.name, int(blob.generation), blob.size, blob.time_created, blob.time_deleted)


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
