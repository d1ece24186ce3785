"""Tests that lying servers are refused, that quirks are handled, and that URI options reach servers."""

from __future__ import annotations

import pytest

from ptb_bucket.errors import ConfigurationError, UnsupportedError
from ptb_bucket.stores import NOT_MODIFIED, PROOF_NAME, Create, Update, open_store
from ptb_bucket.testing.proxy import FaultProxy
from ptb_bucket_s3 import S3Store, Settings


async def test_a_server_that_ignores_conditions_is_refused(liar, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "S3RVER")
    bucket = liar.bucket()
    async with open_store(liar.uri(bucket, "bot/")) as store:
        for _ in range(2):
            with pytest.raises(UnsupportedError, match="ignores conditions on puts") as caught:
                await store.put("state.json", b"1", Create())
            assert liar.url in str(caught.value)
            assert str(caught.value).count("bot/" + PROOF_NAME) == 2
            assert str(caught.value).endswith("gs:// instead of s3://.")
        conditional = {finding.check: finding for finding in await store.diagnose()}["conditional puts"]
        assert not conditional.ok
    assert liar.keys(bucket) == []


async def test_the_proof_is_given_once_and_remembered_under_the_prefix(server, proxy):
    bucket = server.bucket()
    options = {"endpoint_url": proxy.url}
    async with open_store(server.uri(bucket, "bot/", **options)) as store:
        await store.put("state.json", b"1", Create())
        assert [info.key async for info in store.list()] == ["state.json"]
    assert server.objects(bucket) == ["bot/" + PROOF_NAME, "bot/state.json"]
    proxy.clear()
    async with open_store(server.uri(bucket, "bot/", **options)) as store:
        for number in range(3):
            await store.put(f"{number}", b"1", Create())
        with pytest.raises(UnsupportedError):
            await store.put(PROOF_NAME, b"1", Create())
    assert (proxy.count("PUT", PROOF_NAME), proxy.count("GET", PROOF_NAME), proxy.count("PUT")) == (0, 1, 3)
    proxy.clear()
    async with open_store(server.uri(bucket, "bot/", **options, always_prove=1)) as store:
        await store.put("anew", b"1", Create())
    assert proxy.count("PUT", PROOF_NAME) == 4


async def test_amazon_itself_need_not_prove_anything(moto, monkeypatch):
    monkeypatch.setattr("ptb_bucket_s3._store._AWS", ("127.0.0.1",))
    bucket = moto.bucket()
    async with open_store(moto.uri(bucket)) as store:
        await store.put("a", b"1", Create())
    assert moto.objects(bucket) == ["a"]


async def test_a_server_that_wants_etags_without_quotes_is_understood(peculiar, either_client):
    bucket = peculiar.bucket()
    for number in range(2):  # learnt first, remembered then
        async with open_store(peculiar.uri(bucket, client=either_client)) as store:
            etag = await store.put(f"{number}", b"1", Create())
            assert '"' not in etag
            await store.put(f"{number}", b"2", Update(etag))
            assert store._proof.style == "bare"


async def test_a_server_that_ignores_if_none_match_on_reads_is_supported(peculiar):
    async with open_store(peculiar.uri(peculiar.bucket())) as store:
        etag = await store.put("a", b"1", Create())
        assert await store.get("a", if_none_match=etag) is NOT_MODIFIED


async def test_what_the_uri_asks_for_reaches_the_server(moto, either_client):
    bucket = moto.bucket()
    with FaultProxy(moto.url) as proxy:
        wanted = {"sse": "aws:kms", "kms_key": "alias/bot", "storage_class": "STANDARD_IA", "addressing_style": "path"}
        async with open_store(
            moto.uri(bucket, **{**wanted, "endpoint_url": proxy.url, "client": either_client})
        ) as store:
            await store.put("a", b"1", Create())
    put = next(request for request in proxy.requests if request.path.startswith(f"/{bucket}/a"))
    assert put.headers["x-amz-server-side-encryption"] == "aws:kms"
    assert put.headers["x-amz-server-side-encryption-aws-kms-key-id"] == "alias/bot"
    assert put.headers["x-amz-storage-class"] == "STANDARD_IA"
    assert put.headers["if-none-match"] == "*"
    assert {request.method for request in proxy.requests} == {"GET", "PUT"}
    assert all({"if-match", "if-none-match"} & set(put.headers) for put in proxy.requests if put.method == "PUT")


async def test_diagnosis(server, either_client):
    async with open_store(server.uri(server.bucket(), region="eu-west-1", client=either_client)) as store:
        findings = {finding.check: finding for finding in await store.diagnose()}
    assert all(finding.ok for finding in findings.values())
    assert server.url in findings["endpoint and region"].detail
    assert "eu-west-1" in findings["endpoint and region"].detail
    assert findings["versioning"].detail.startswith("off")


async def test_versions_show_deletion_and_nothing_of_neighbours(server, either_client):
    async with open_store(server.uri(server.bucket(versioning=True), client=either_client)) as store:
        for key in ("a", "a.json", "a/b"):
            await store.put(key, b"1", Create())
        await store.delete("a")
        versions = [version async for version in store.versions("a")]
        assert [(version.deleted, version.current) for version in versions] == [(True, False), (False, False)]
        assert [version async for version in store.versions("nothing")] == []


@pytest.mark.parametrize(
    "options",
    ["addressing_style=odd", "sse=AES512", "kms_key=x&sse=AES256", "timeout=0", "timeout=soon", "read_timeout=-1",
     "connect_timeout=inf", "connect_timeout=nan", "always_prove=maybe", "endpoint_url=minio",
     "endpoint_url=ftp://x", "endpoint_url=http://user:rosebud@x", "endpoint_url=http://x/%3Frosebud"],
)  # fmt: skip
def test_wrong_options_are_refused_and_not_repeated(options):
    with pytest.raises(ConfigurationError) as caught:
        open_store(f"s3://bucket?{options}")
    assert "rosebud" not in str(caught.value)


def test_options_are_those_of_the_settings():
    uri = (
        "region=r&endpoint_url=http://h:1&profile=p&addressing_style=path&sse=aws:kms&kms_key=k&storage_class=S"
        "&connect_timeout=1&read_timeout=2.5&timeout=3&client=aioboto3&always_prove=1"
    )
    store = open_store(f"s3://bucket?{uri}")
    places = ("r", "http://h:1", "p", "path", "aws:kms", "k", "S", 1, 2.5, 3, "aioboto3")
    assert store.settings == Settings(*places, always_prove=True)
    assert set(S3Store.OPTIONS) == {pair.partition("=")[0] for pair in uri.split("&")}
    assert open_store("s3://bucket/a/b")._store.settings.home == "a/b/"


def test_messages_name_an_object_by_its_address():
    assert open_store("s3://my-bucket/my-bot").describe("state.json") == "s3://my-bucket/my-bot/state.json"


async def test_deleting_on_a_condition_is_proved_once_and_leaves_nothing(server, proxy):
    bucket = server.bucket()
    async with open_store(server.uri(bucket, "bot/", endpoint_url=proxy.url)) as store:
        for key in ("a", "b"):
            await store.delete_if(key, await store.put(key, b"1", Create()))
    assert server.objects(bucket) == ["bot/" + PROOF_NAME]
    tests = [one for one in proxy.requests if f"{PROOF_NAME}-" in one.path]
    assert [one.method for one in tests] == ["PUT", "DELETE", "DELETE", "GET", "DELETE"]


async def test_a_server_that_ignores_conditions_of_deletes_is_refused(peculiar):
    bucket = peculiar.bucket()
    async with open_store(peculiar.uri(bucket)) as store:
        etag = await store.put("a", b"1", Create())
        for _ in range(2):
            with pytest.raises(
                UnsupportedError, match=r"^The server of s3://[^: ]+ .*was accepted instead of rejected with 412"
            ):
                await store.delete_if("a", etag)
    assert peculiar.keys(bucket) == ["a"]
