"""The store for Google Cloud Storage, with generations as ETags."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Final, cast, overload

from ptb_bucket.errors import (
    AccessError,
    ConfigurationError,
    LostRaceError,
    NotFoundError,
    StoreError,
    UnsupportedError,
)
from ptb_bucket.stores import BlobStore, ConditionProof, Create, check_key, read_options
from ptb_bucket_gcs._bucket import Bucket
from ptb_bucket_gcs._options import HONEST, OPTIONS, Options, is_google
from ptb_bucket_gcs._permissions import PERMISSIONS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from google.cloud import storage

    from ptb_bucket.stores import Blob, BlobInfo, BlobVersion, Finding, NotModified, PutMode, StoreUri
    from ptb_bucket_gcs._requests import StoredGeneration

__all__ = ["GcsStore"]

_BUCKET: Final = r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]"
_CHALLENGES: Final = ".well-known/acme-challenge/"


class GcsStore(BlobStore):
    """A bucket of Google Cloud Storage.

    ETags are generations, which change with every write. Google accepts one write per second of an object, so commits
    keep that distance (not on an emulator).

    Args:
        bucket: The bucket's name. The bucket must exist.
        options: The options for reaching it; the defaults if None.
        client: A client to use instead of a new one, with its credentials and endpoint. The store never closes it. It
            works only in the process that created this store.
        home: The start of the key of the server's proof: the URI's prefix.
    """

    scheme = "gs"
    OPTIONS = OPTIONS
    PERMISSIONS = PERMISSIONS
    min_write_interval = 1.0

    def __init__(
        self, bucket: str, options: Options | None = None, *, client: storage.Client | None = None, home: str = ""
    ) -> None:
        if not re.fullmatch(_BUCKET, bucket):
            raise ConfigurationError(
                "The bucket name is invalid. Use 3 to 222 lowercase letters, digits, dots, dashes and underscores."
            )
        self.bucket = bucket
        self._options = options or Options()
        self._objects = Bucket(bucket, self._options, client)
        endpoint = client.api_endpoint if client else self._options.endpoint_url
        self._is_google = is_google(endpoint)
        if not self._is_google:
            self.min_write_interval = 0.0
        self._prove = self._options.always_prove or not self._is_google
        self._proof = ConditionProof(
            self._read,
            self._send,
            server=endpoint or "Google",
            home=home,
            always=self._options.always_prove,
            honest=HONEST,
        )

    def __repr__(self) -> str:
        return f"GcsStore({self.bucket!r})"

    def describe(self, key: str) -> str:
        """Return the object's address; see :meth:`BlobStore.describe`."""
        return f"gs://{self.bucket}/{key}"

    @classmethod
    def from_uri(cls, uri: StoreUri) -> GcsStore:
        """Open ``gs://bucket/prefix?option=value``; see :data:`OPTIONS`."""
        return cls(uri.bucket, read_options(Options, uri.options), home=uri.prefix)

    @overload
    async def get(self, key: str, *, version: str | None = None) -> Blob: ...
    @overload
    async def get(self, key: str, *, if_none_match: str | None, version: None = None) -> Blob | NotModified: ...
    async def get(
        self, key: str, *, if_none_match: str | None = None, version: str | None = None
    ) -> Blob | NotModified:
        """Read an object with one request; see :meth:`BlobStore.get`. A ``version`` is a generation."""
        self._check(key)
        if version is not None:
            await self._must_keep_versions(key)
            if not _is_generation(version):
                raise NotFoundError(f"{version!r} is not a generation of {key!r}.", key=key)
            return await self._objects.of_object(key, lambda client: client.read(key, generation=int(version)))
        known = int(if_none_match) if if_none_match and _is_generation(if_none_match) else None
        return await self._objects.of_object(key, lambda client: client.read(key, known=known))

    async def put(self, key: str, data: bytes, mode: PutMode) -> str:
        """Write an object with one request; see :meth:`BlobStore.put`."""
        self._check(key)
        if self._prove:
            await self._proof.ensure()
        return await self._write(key, data, mode)

    async def delete(self, key: str) -> None:
        """Remove an object with one request; see :meth:`BlobStore.delete`."""
        self._check(key)
        try:
            await self._objects.of_object(key, lambda client: client.delete(key))
        except NotFoundError:
            return

    async def delete_if(self, key: str, etag: str) -> None:
        """Remove an object if it has this generation; see :meth:`BlobStore.delete_if`."""
        self._check(key)
        if not self._is_google:
            raise UnsupportedError(
                f"{key!r} was not deleted. Only Google's own servers support conditional deletes. An emulator "
                "would ignore the condition and might delete a newer version.",
                key=key,
            )
        if not _is_generation(etag):
            raise LostRaceError(f"{key!r} never had this ETag.", key=key)
        try:
            await self._objects.of_object(key, lambda client: client.delete(key, if_generation=int(etag)))
        except NotFoundError:
            return

    async def list(self, prefix: str = "") -> AsyncIterator[BlobInfo]:
        """Iterate over the objects, 1,000 per request; see :meth:`BlobStore.list`."""
        async for info in self._objects.pages(None, lambda client, after: client.list_objects(prefix, after)):
            if info.key != self._proof.key:
                yield info

    async def versions(self, key: str) -> AsyncIterator[BlobVersion]:
        """Iterate over the generations and deletions of an object, newest first.

        If the bot may not read the bucket's settings, it lists the generations that exist: at least the current one.

        Raises:
            UnsupportedError: Versioning is off.
        """
        self._check(key)
        await self._must_keep_versions(key)
        from ptb_bucket_gcs._versions import as_versions  # noqa: PLC0415  only where it is used

        found: list[StoredGeneration] = []
        async for one in self._objects.pages(key, lambda client, after: client.list_generations(key, after)):
            if one.key != key:
                break  # the key itself comes first of all that start with it
            found.append(one)
        for version in as_versions(found):
            yield version

    async def delete_version(self, key: str, version: str) -> None:
        """Remove a generation for good; see :meth:`BlobStore.delete_version`."""
        self._check(key)
        await self._must_keep_versions(key)
        if not self._is_google:
            raise UnsupportedError(
                f"Old generations of {key!r} were not deleted. Only Google's own servers support this. An emulator "
                "might delete the current generation instead.",
                key=key,
            )
        if not _is_generation(version):
            return
        try:
            await self._objects.of_object(key, lambda client: client.delete_generation(key, int(version)))
        except NotFoundError:
            return

    async def diagnose(self) -> Sequence[Finding]:
        """Check the bucket's settings, if the bot may read them; see :meth:`BlobStore.diagnose`."""
        from ptb_bucket_gcs._diagnose import findings  # noqa: PLC0415  rarely needed

        try:
            return findings(await self._objects.settings())
        except StoreError as exc:
            return findings(exc)

    async def close(self) -> None:
        """Close threads and connections. The next use opens new ones."""
        await self._objects.close()

    def _check(self, key: str) -> None:
        check_key(key)
        if "\r" in key or "\n" in key or key.startswith(_CHALLENGES) or key in {".", ".."}:
            raise UnsupportedError(
                f"{key!r} is not a valid object name on Google Cloud Storage. Choose another key.", key=key
            )
        self._proof.refuse(key)

    async def _read(self, key: str) -> Blob:
        """Read an object for the proof."""
        return cast("Blob", await self._objects.of_object(key, lambda client: client.read(key)))

    async def _send(self, key: str, data: bytes, mode: PutMode, style: str) -> str:  # noqa: ARG002  one style
        """Write an object for the proof, at the pace that Google accepts for one object."""
        await asyncio.sleep(self.min_write_interval)
        return await self._write(key, data, mode)

    async def _write(self, key: str, data: bytes, mode: PutMode) -> str:
        generation = "0" if isinstance(mode, Create) else mode.etag
        if not _is_generation(generation):
            raise LostRaceError(f"{key!r} never had this ETag.", key=key)
        try:
            return await self._objects.of_object(key, lambda client: client.write(key, bytes(data), int(generation)))
        except NotFoundError as exc:
            if isinstance(mode, Create):
                raise AccessError(
                    f"{key!r} could not be created because a resource named in the URI options does not "
                    "exist. Check the options.",
                    key=key,
                ) from exc
            raise LostRaceError(f"{key!r} no longer exists.", key=key) from exc

    async def _must_keep_versions(self, key: str) -> None:
        try:
            kept = (await self._objects.settings()).versioning
        except AccessError:
            return  # the bot may not read the settings
        if not kept:
            raise UnsupportedError(
                f"The bucket {self.bucket!r} does not keep old versions, so {key!r} has none. To keep them from "
                f"now on, run: gcloud storage buckets update gs://{self.bucket} --versioning",
                key=key,
            )


def _is_generation(etag: str) -> bool:
    return etag.isascii() and etag.isdigit()
