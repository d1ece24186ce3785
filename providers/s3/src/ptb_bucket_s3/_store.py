"""The store for Amazon S3 and compatible servers."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final, overload
from urllib.parse import urlsplit

from ptb_bucket.errors import ConfigurationError, NotFoundError, StoreError, UnsupportedError
from ptb_bucket.stores import BlobStore, BlobVersion, ConditionProof, Finding, check_key
from ptb_bucket.stores.http import Clients
from ptb_bucket_s3._bucket import STYLES, Bucket
from ptb_bucket_s3._choice import DIRECTORY_BUCKET, check_installed, start_client
from ptb_bucket_s3._permissions import PERMISSIONS, with_kms
from ptb_bucket_s3._requests import HONEST, Asked
from ptb_bucket_s3._settings import OPTIONS, Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from ptb_bucket.stores import Blob, BlobInfo, NotModified, PutMode, StoreUri
    from ptb_bucket_s3._deletions import DeletionProof
    from ptb_bucket_s3._requests import S3Client, StoredVersion
    from ptb_bucket_s3._sdk import HandedIn

__all__ = ["S3Store"]

_AWS: Final = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")


class S3Store(BlobStore):
    """A bucket of Amazon S3, or of a server that speaks its protocol.

    Before the first put, a server other than AWS has to prove that it honours conditions. An object
    ``.ptb-bucket-proof`` records the result. It belongs to the store, and listings do not show it.

    Args:
        bucket: The bucket's name.
        settings: The options for using the bucket.
        session: An ``aioboto3.Session`` that creates the client, instead of the default credential chain.
        client: A client to use, created with :func:`ptb_bucket_s3.client_config`. The store never closes it.

    Raises:
        ConfigurationError: The client may send a put twice, or ``client=light`` excludes it.
    """

    scheme = "s3"
    OPTIONS = OPTIONS
    PERMISSIONS = PERMISSIONS

    def __init__(
        self, bucket: str, settings: Settings | None = None, *, session: Any = None, client: Any = None
    ) -> None:
        self.bucket = bucket
        self.settings = settings or Settings()
        self.lists_in_order = not bucket.endswith(DIRECTORY_BUCKET)
        if self.settings.kms_key:
            vars(self).update(PERMISSIONS=with_kms())
        self._clients = _clients(bucket, self.settings, session, client)
        self._objects = Bucket(bucket, self.settings, self._clients, self.PERMISSIONS)
        self._proof = ConditionProof(
            self._objects.read, self._objects.put, server="", home=self.settings.home, styles=STYLES,
            always=self.settings.always_prove, honest=HONEST,
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"S3Store({self.bucket!r})"

    @classmethod
    def from_uri(cls, uri: StoreUri) -> S3Store:
        """Open ``s3://bucket/prefix?option=value``; see :attr:`OPTIONS`."""
        return cls(uri.bucket, Settings.from_uri(uri))

    def describe(self, key: str) -> str:
        """Return the name of an object as AWS's tools write it."""
        return f"s3://{self.bucket}/{key}"

    @cached_property
    def _deletions(self) -> DeletionProof:
        from ptb_bucket_s3._deletions import DeletionProof  # noqa: PLC0415  few starts delete

        return DeletionProof(self._objects, self._proof.key, f"s3://{self.bucket}")

    def _check(self, key: str) -> None:
        check_key(key)
        self._proof.refuse(key)

    @overload
    async def get(self, key: str, *, version: str | None = None) -> Blob: ...
    @overload
    async def get(self, key: str, *, if_none_match: str | None, version: None = None) -> Blob | NotModified: ...
    async def get(
        self, key: str, *, if_none_match: str | None = None, version: str | None = None
    ) -> Blob | NotModified:
        """Read an object; see :meth:`BlobStore.get`."""
        self._check(key)
        if version is None:
            return await self._objects.get(key, if_none_match)
        await self._needs_versioning(key)
        return await self._objects.read(key, version)

    async def put(self, key: str, data: bytes, mode: PutMode) -> str:
        """Write an object, once; see :meth:`BlobStore.put`."""
        self._check(key)
        await self._prove("put", key)
        return await self._objects.put(key, data, mode, self._proof.style)

    async def delete(self, key: str) -> None:
        """Remove an object; see :meth:`BlobStore.delete`."""
        self._check(key)
        try:
            await self._objects.delete(key)
        except NotFoundError:
            return  # AWS answers 204, but some servers answer 404

    async def delete_if(self, key: str, etag: str) -> None:
        """Remove an object if it has this ETag, after a test of the server; see :meth:`BlobStore.delete_if`."""
        self._check(key)
        await self._prove("delete", key)
        await self._deletions.ensure(self._proof.style)
        try:
            await self._objects.delete_if(key, etag, self._proof.style)
        except NotFoundError:
            return

    async def list(self, prefix: str = "") -> AsyncIterator[BlobInfo]:
        """Iterate over the objects; see :meth:`BlobStore.list`."""
        async for page in self._objects.objects(prefix):
            for info in page:
                if info.key != self._proof.key:
                    yield info

    async def versions(self, key: str) -> AsyncIterator[BlobVersion]:
        """Iterate over one object's versions, newest first; see :meth:`BlobStore.versions`."""
        self._check(key)
        await self._needs_versioning(key)
        found: list[StoredVersion] = []
        async for page in self._objects.versions(key):
            found += [version for version in page if version.key == key]
            if any(version.key > key for version in page):
                break  # the key itself comes first of all that start with it
        # Times are whole seconds; of equal ones the server's order stays.
        found.sort(key=lambda version: (version.latest, version.modified), reverse=True)
        for version in found:
            current = version.latest and not version.deleted
            yield BlobVersion(version.id, version.modified, version.size, current=current, deleted=version.deleted)

    async def delete_version(self, key: str, version: str) -> None:
        """Remove an old version for good; see :meth:`BlobStore.delete_version`."""
        self._check(key)
        await self._needs_versioning(key)
        try:
            await self._objects.delete_version(key, version)
        except NotFoundError:
            return

    async def _needs_versioning(self, key: str) -> None:
        if not await self._objects.versioning():
            raise UnsupportedError(
                f"s3: Versioning is off in {self.bucket!r}, so {key!r} has no old versions. To keep them from now "
                f"on, run: aws s3api put-bucket-versioning --bucket {self.bucket} "
                "--versioning-configuration Status=Enabled",
                key=key,
            )

    async def _prove(self, operation: str, key: str) -> None:
        """Make a server other than AWS prove that it honours conditions."""
        endpoint = urlsplit(await self._objects.ask(Asked(operation, key), _endpoint))
        if not (endpoint.hostname or "").endswith(_AWS):
            # Without anything before an @.
            self._proof.server = f"{endpoint.scheme}://{endpoint.netloc.rpartition('@')[2]}"
            await self._proof.ensure()

    async def diagnose(self) -> Sequence[Finding]:
        """Check endpoint, region, conditional puts and versioning."""
        checks: dict[str, Callable[[], Awaitable[str]]] = {
            "endpoint and region": lambda: self._objects.ask(Asked("get", ""), _whereabouts),
            "conditional puts": self._conditions,
            "versioning": self._versioning,
        }
        return [await _finding(name, look) for name, look in checks.items()]

    async def _conditions(self) -> str:
        await self._prove("put", self._proof.key)
        return "honoured"

    async def _versioning(self) -> str:
        return (await self._objects.versioning()) or "off: objects overwritten by mistake can't be restored"

    async def close(self) -> None:
        """Close the connections, but not a client that was passed in."""
        await self._clients.close()


def _clients(bucket: str, settings: Settings, session: Any, client: Any) -> Clients[S3Client] | HandedIn:
    """Return the source of clients. A session or client that you pass in needs the full client's packages.

    Raises:
        ConfigurationError: They are not installed, or ``client=light`` excludes them.
    """
    if client is None and session is None:
        return Clients(partial(start_client, bucket, settings))
    if settings.client == "light":
        raise ConfigurationError(
            "s3: The light client can't be used because a client or session was passed in. Remove client=light."
        )
    check_installed("aiobotocore", "a client or session was passed in")
    from ptb_bucket_s3._sdk import HandedIn, hold_sdk  # noqa: PLC0415  only where it is used

    if client is not None:
        return HandedIn(client, bucket, settings)
    return Clients(partial(hold_sdk, bucket, settings, session))


async def _endpoint(client: S3Client) -> str:
    return client.endpoint_url


async def _whereabouts(client: S3Client) -> str:
    return f"{client.endpoint_url}, {client.region_name}"


async def _finding(name: str, look: Callable[[], Awaitable[str]]) -> Finding:
    try:
        return Finding(name, ok=True, detail=await look())
    except StoreError as exc:
        return Finding(name, ok=False, detail=str(exc))
