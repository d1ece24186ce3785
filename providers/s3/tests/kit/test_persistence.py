"""The core's promises to PTB, kept on S3: all kinds of data, layouts, codecs, restart, conflict, refresh."""

from __future__ import annotations

import pytest

from ptb_bucket.testing.conformance import PersistenceConformance


class TestPersistence(PersistenceConformance):
    @pytest.fixture(params=["ministack", pytest.param("moto", marks=pytest.mark.long)])
    def backend(self, request, client, new_place):
        return new_place(request.getfixturevalue(request.param), client=client)
