"""Tests of a running bot whose bucket or permission is really taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
import pytest_asyncio

from ptb_bucket.errors import AccessError, VanishedDocumentError
from ptb_bucket.testing.conformance.instances import Instances
from ptb_bucket.testing.conformance.store import Case

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ptb_bucket import BucketPersistence
    from ptb_bucket.testing.conformance.backend import Backend

__all__ = ["WithdrawnConformance"]

_LAYOUTS: Final = ("single", *(pytest.param(name, marks=pytest.mark.detail) for name in ("per-type", "per-record")))
_BEFORE, _AFTER = {"log": ["before"]}, {"log": ["before", "meanwhile"]}


async def _is_refused(living: BucketPersistence[Any, Any, Any], starting: BucketPersistence[Any, Any, Any]) -> str:
    """Check that a running bot keeps its change and a starting one fails; return the subject of the errors."""
    with pytest.raises(AccessError) as of_living:
        await living.update_bot_data(_AFTER)
    assert living.stats.pending == ("bot_data",)
    with pytest.raises(AccessError) as of_starting:
        await starting.get_bot_data()
    assert of_living.value.about == of_starting.value.about
    return of_living.value.about


class WithdrawnConformance(Case):
    """Tests to subclass; the fixture ``backend`` has :meth:`Backend.bucket_gone` or :meth:`Backend.forbidden`."""

    @pytest_asyncio.fixture(params=_LAYOUTS)
    async def instances(self, request: pytest.FixtureRequest) -> AsyncIterator[Instances]:
        """Yield persistences in one layout, and close them at the end."""
        async with Instances(layout=request.param) as instances:
            yield instances

    async def test_a_deleted_bucket_is_no_empty_start(self, backend: Backend, instances: Instances) -> None:
        """A recreated bucket is not an empty start either. Once its objects are back, everything is saved."""
        if (gone := backend.bucket_gone()) is None:
            pytest.skip("this place has no bucket that can be deleted")
        uri = backend.uri("bots/one/")
        persistence, starting = instances.open(uri), instances.open(uri)
        await persistence.update_bot_data(_BEFORE)
        objects = {key: await backend.read_raw(key) or b"" for key in await backend.keys_raw()}
        async with gone:
            assert await _is_refused(persistence, starting) == "bucket"
        with pytest.raises(VanishedDocumentError):
            await persistence.update_bot_data(_AFTER)
        assert await backend.keys_raw() == []
        for key, data in objects.items():
            await backend.write_raw(key, data)
        await persistence.flush()
        assert await starting.get_bot_data() == _AFTER

    async def test_a_withdrawn_permission_is_no_empty_start(self, backend: Backend, instances: Instances) -> None:
        """Once the permission is granted again, everything is saved."""
        if (forbidden := backend.forbidden()) is None:
            pytest.skip("this place has no permissions")
        uri = backend.uri("bots/one/")
        persistence, starting = instances.open(uri), instances.open(uri)
        await persistence.update_bot_data(_BEFORE)
        async with forbidden:
            assert await _is_refused(persistence, starting) == "permission"
        await persistence.flush()
        assert await starting.get_bot_data() == _AFTER
