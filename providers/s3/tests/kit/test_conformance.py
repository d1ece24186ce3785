"""The conformance kit, on two independent servers, plain and under a prefix, with versions and without."""

from __future__ import annotations

import os

import pytest

from ptb_bucket.testing.conformance import StoreConformance

ONE_BY_ONE_ELSEWHERE = None
"""One class tests each odd key in a separate bucket. All classes test the odd keys together in one bucket."""


class TestMoto(StoreConformance):
    test_odd_key_is_faithful_or_refused = ONE_BY_ONE_ELSEWHERE

    @pytest.fixture
    def backend(self, moto, client, new_place):
        return new_place(moto, client=client)


class TestTheFullClient(StoreConformance):
    """On the faster server; the tests that take longest are for ``--long``, above."""

    test_odd_key_is_faithful_or_refused = ONE_BY_ONE_ELSEWHERE
    test_increments_add_up = test_one_updates = test_many_across_pages = test_impossible_key_is_refused = None

    @pytest.fixture
    def backend(self, ministack, new_place):
        return new_place(ministack, client="aioboto3")


@pytest.mark.long
class TestMotoUnderAPrefix(StoreConformance):
    test_odd_key_is_faithful_or_refused = ONE_BY_ONE_ELSEWHERE
    test_increments_add_up = None  # on MiniStack: moto is slow, and one at a time anyway

    @pytest.fixture
    def backend(self, moto, client, new_place):
        return new_place(moto, client=client).prefixed("some/prefix/")


class WithVersions(StoreConformance):
    """The tests in which versions matter; races, sizes and keys are the same without them."""

    test_odd_key_is_faithful_or_refused = test_no_two_keys_fall_together = ONE_BY_ONE_ELSEWHERE
    test_increments_add_up = test_one_creates = test_one_updates = test_readers_see_whole_objects = None
    test_any_size = test_many_across_pages = test_impossible_key_is_refused = None


class TestMotoWithVersions(WithVersions):
    @pytest.fixture
    def backend(self, moto, either_client, new_place):
        return new_place(moto, versioning=True, client=either_client)


@pytest.mark.long
class TestMiniStack(StoreConformance):
    @pytest.fixture
    def backend(self, ministack, client, new_place):
        return new_place(ministack, client=client)


@pytest.mark.long
class TestMiniStackUnderAPrefix(StoreConformance):
    test_odd_key_is_faithful_or_refused = ONE_BY_ONE_ELSEWHERE

    @pytest.fixture
    def backend(self, ministack, client, new_place):
        return new_place(ministack, client=client).prefixed("some/prefix/")


@pytest.mark.long
class TestMiniStackWithVersions(WithVersions):
    @pytest.fixture
    def backend(self, ministack, client, new_place):
        return new_place(ministack, versioning=True, client=client)


if "PTB_BUCKET_S3_TEST_ENDPOINT" in os.environ:

    class TestAServerOfYours(StoreConformance):
        @pytest.fixture
        def backend(self, own_server, either_client, new_place):
            return new_place(own_server, client=either_client)
