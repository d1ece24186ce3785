"""The fixtures that all parts of the kit share."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest
import pytest_asyncio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ptb_bucket.stores import BlobStore
    from ptb_bucket.testing.conformance.backend import Backend

__all__ = ["Case"]


class Case:
    """Fixtures of the kit."""

    EVERY_DETAIL: ClassVar[bool] = False
    """True to run tests marked ``detail`` even without ``--long``. One place per provider is usually enough."""

    @pytest.fixture
    def backend(self) -> Backend:
        """Return an empty place; every subclass of the kit supplies its own."""
        raise NotImplementedError(f"{type(self).__name__} needs a 'backend' fixture that returns a Backend")

    @pytest_asyncio.fixture
    async def store(self, backend: Backend) -> AsyncIterator[BlobStore]:
        """Open a store on the place, and close it afterwards."""
        async with backend.open() as store:
            yield store
