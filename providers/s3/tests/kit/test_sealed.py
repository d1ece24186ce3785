"""A bot's memory on S3, encrypted: once is enough, because sealing knows nothing of what stores are made of."""

from __future__ import annotations

import secrets

import pytest

from ptb_bucket.testing.conformance import PersistenceConformance


class TestEncrypted(PersistenceConformance):
    """The key from the environment, as on a server."""

    @pytest.fixture(autouse=True)
    def _key(self, monkeypatch):
        monkeypatch.setenv("PTB_BUCKET_ENCRYPTION_KEYS", secrets.token_urlsafe(32))

    @pytest.fixture
    def backend(self, new_place, moto):
        return new_place(moto)

    @pytest.fixture(params=[("per-type", "pickle"), pytest.param(("single", "json"), marks=pytest.mark.long)])
    def combination(self, request):
        return request.param
