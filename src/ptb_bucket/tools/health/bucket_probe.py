"""Try every operation that a bot needs from its bucket, one by one."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Final

from ptb_bucket._aio import to_the_end
from ptb_bucket.errors import AccessError, StoreError, UnsupportedError
from ptb_bucket.stores import Create, Update
from ptb_bucket.tools.health.probe_object import ProbeObject
from ptb_bucket.tools.health.report import NAMES, Verdict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from ptb_bucket.stores import BlobStore
    from ptb_bucket.tools.health.report import Report

__all__ = ["BucketProbe", "check_reachable"]

_READS: Final = 5
_WRITES: Final = 3
_OPERATIONS: Final = ("read", "list", "create", "update", "delete")


async def check_reachable(store: BlobStore, report: Report) -> bool:
    """Report whether the bucket answers. If not, return False: everything else would fail for the same reason."""
    try:
        await ProbeObject(store).read()
    except AccessError as error:
        if error.about != "permission":
            report.say("reachable" if error.about == "server" else error.about, Verdict.FAILED, str(error))
            return False
    except StoreError as error:
        report.say("reachable", Verdict.FAILED, str(error))
        return False
    for name in ("reachable", "credentials", "bucket"):
        report.say(name, Verdict.OK)
    return True


class BucketProbe:
    """A series of checks that write, read, list and remove a test object.

    Args:
        store: The store.
        report: Receives the results.
    """

    def __init__(self, store: BlobStore, report: Report) -> None:
        self._store = store
        self._report = report
        self._object = ProbeObject(store)

    async def run(self) -> None:
        """Try everything, and remove the test object, even after an error or an interruption."""
        try:
            await self._delete()
            await self._create()
            await self._read()
            await self._list()
            if self._object.etags:
                await self._update()
                await self._conditions()
            await self._versions()
            self._judge_credentials()
        finally:
            await to_the_end(self._clean_up())
        await self._diagnose()

    def _permissions(self, operation: str) -> Sequence[str]:
        return list(self._store.PERMISSIONS.get(operation, ()))

    async def _try(
        self, name: str, operation: str, work: Callable[[], Awaitable[object]], otherwise: Verdict = Verdict.FAILED
    ) -> None:
        needed = self._permissions(operation)
        with self._report.trying(name, ", ".join(needed), otherwise=otherwise, permissions=needed):
            await work()

    async def _delete(self) -> None:
        """Check deletes first, because they decide whether the test object can be removed."""

        async def work() -> None:
            try:
                await self._store.delete(self._object.key)
            except AccessError:
                self._object = ProbeObject(self._store, removable=False)
                raise

        await self._try("delete", "delete", work, Verdict.WARNING)

    async def _create(self) -> None:
        async def work() -> None:
            try:
                await self._object.create()
            except UnsupportedError as error:  # a store that has detected this refuses every put
                self._report.say("conditional puts", Verdict.FAILED, str(error))
                self._report.say("create", Verdict.NOT_TRIED, "see 'conditional puts'")

        await self._try("create", "put", work)

    async def _read(self) -> None:
        await self._try("read", "get", self._object.read)
        if self._report.verdict("read") is Verdict.OK:
            await self._measure("read latency", self._object.read, _READS)

    async def _list(self) -> None:
        async def work() -> None:
            async for _ in self._store.list():
                return  # the first page is enough

        await self._try("list", "list", work)

    async def _update(self) -> None:
        await self._try("update", "put", self._object.update)
        if self._report.verdict("update") is Verdict.OK:
            await self._measure("write latency", self._object.update, _WRITES)

    async def _measure(self, name: str, work: Callable[[], Awaitable[float]], times: int) -> None:
        with self._report.trying(name):
            median = statistics.median([await work() for _ in range(times)])
            self._report.say(name, Verdict.OK, f"{1000 * median:.1f} ms, the median of {times}", seconds=median)

    async def _conditions(self) -> None:
        """Check that conditions are honoured, with new requests instead of a remembered result."""
        with self._report.trying("conditional puts", "honoured"):
            await self._object.must_lose(Create(), "even though the object already existed")
            if self._report.verdict("update") is Verdict.OK:
                stale = self._object.etags[0]
                await self._object.must_lose(Update(stale), "with an outdated ETag")
            else:
                self._report.say("conditional puts", Verdict.NOT_TRIED, "see 'update'")

    async def _versions(self) -> None:
        async def work() -> None:
            try:
                found = [version async for version in self._store.versions(self._object.key)]
            except UnsupportedError as error:
                self._report.say("versioning", Verdict.WARNING, f"off. {error}")
                return
            old = [version for version in found if not (version.current or version.deleted)]
            if old:
                await self._store.get(self._object.key, version=old[0].version)
            elif len(self._object.etags) > 1:
                self._report.say(
                    "versioning", Verdict.WARNING, "Versioning is off, so overwritten data can't be restored"
                )

        await self._try("versioning", "versions", work, Verdict.WARNING)

    def _judge_credentials(self) -> None:
        if not any(self._report.verdict(name) is Verdict.OK for name in _OPERATIONS):
            self._report.say(
                "credentials", Verdict.WARNING,
                "All operations were denied. Check that you are using the right account and that you own the bucket",
            )  # fmt: skip

    async def _clean_up(self) -> None:
        where = self._store.describe(self._object.key)
        if not self._object.written:
            self._report.say("cleaned up", Verdict.OK, "nothing was written")
        elif not self._object.removable:
            detail = f"{where} was not removed because deletes are not allowed. The next check will reuse it"
            self._report.say("cleaned up", Verdict.WARNING, detail)
        else:
            await self._remove(where)

    async def _remove(self, where: str) -> None:
        try:
            await self._object.remove()
        except StoreError as error:
            self._report.say("cleaned up", Verdict.FAILED, f"Remove {where} by hand. {error}")
        else:
            self._report.say("cleaned up", Verdict.OK, "removed")
            await self._forget(where)

    async def _forget(self, where: str) -> None:
        """Remove the old versions of the test object. It is safer if that is not allowed, so a denial is OK."""
        name, needed = "delete old versions", self._permissions("delete_version")
        if self._report.verdict("versioning") is not Verdict.OK:
            self._report.say(name, Verdict.NOT_TRIED, "see 'versioning'")
            return
        try:
            await self._object.forget()
        except StoreError as error:
            detail = (
                "Deleting old versions is not allowed. Only 'erase-user --versions' needs this permission. Old "
                f"versions of {where} remain. {error}"
            )
            self._report.say(name, Verdict.OK, detail, permissions=needed)
        else:
            self._report.say(name, Verdict.OK, ", ".join(needed), permissions=needed)

    async def _diagnose(self) -> None:
        """Report what the store says about its settings. Settings that stop a bot have already failed a check above."""
        for finding in await self._store.diagnose():
            if finding.check not in NAMES:
                verdict = Verdict.OK if finding.ok else Verdict.WARNING
                self._report.say(finding.check, verdict, finding.detail)
            elif not finding.ok and self._report.verdict(finding.check) is Verdict.OK:
                self._report.say(finding.check, Verdict.FAILED, finding.detail)
