"""Tests of the light client's signatures against AWS's published examples, and against a server that checks them."""

from __future__ import annotations

import hashlib
import os
from datetime import datetime, timezone

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from light_server import Reply, answering

from ptb_bucket.errors import AccessError
from ptb_bucket.stores import Create, Update, open_store
from ptb_bucket_s3._light.credentials import Credentials
from ptb_bucket_s3._light.signing import signed_headers
from ptb_bucket_s3._light.unsigned import Unsigned, encoded, query

ORIGIN = "https://examplebucket.s3.amazonaws.com"
KEYS = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
MIDNIGHT = datetime(2013, 5, 24, tzinfo=timezone.utc)

# Amazon S3 API Reference, "Signature Calculations for the Authorization Header: Transferring Payload in a Single
# Chunk".
PUBLISHED = {
    "get object": (
        Unsigned("GET", ORIGIN, "/test.txt", {"range": "bytes=0-9"}),
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    ),
    "put object": (
        Unsigned(
            "PUT",
            ORIGIN,
            "/" + encoded("test$file.text"),
            {"date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
            b"Welcome to Amazon S3.",
        ),
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    ),
    "get bucket lifecycle": (
        Unsigned("GET", ORIGIN, "/?" + query({"lifecycle": ""})),
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    ),
    "list objects": (
        Unsigned("GET", ORIGIN, "/?" + query({"prefix": "J", "max-keys": "2"})),
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_examples(name):
    request, signature = PUBLISHED[name]
    headers = signed_headers(request, KEYS, "us-east-1", "s3", MIDNIGHT)
    assert headers["authorization"].endswith(f"Signature={signature}")


def test_everything_that_aws_asks_for_is_signed():
    keys = Credentials("key", "secret", "token")
    request = Unsigned("PUT", ORIGIN, "/a", {"x-amz-storage-class": "STANDARD", "if-match": '"1"'}, b"1")
    headers = signed_headers(request, keys, "us-east-1", "s3", MIDNIGHT)
    assert headers["x-amz-security-token"] == "token"
    named = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0]
    assert named == "host;if-match;x-amz-content-sha256;x-amz-date;x-amz-security-token;x-amz-storage-class"
    assert "secret" not in str(headers) + repr(keys)


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("a b+c%d", "a%20b%2Bc%25d"),
        ("é/ü", "%C3%A9/%C3%BC"),
        ("a//b/./c/../d", "a//b/./c/../d"),
        ("~-_.", "~-_."),
        ("?#&=:@!$'()*,;[]", "%3F%23%26%3D%3A%40%21%24%27%28%29%2A%2C%3B%5B%5D"),
    ],
)
def test_keys_are_encoded_once_and_not_normalised(key, path):
    assert encoded(key) == path


ODD = [
    " a b",
    "a+b",
    "a%b%2F",
    "é",
    "a//b",
    "//a",
    "~a",
    "a/./b",
    "a/../b",
    "./a",
    "a?b#c&d=e",
    "a\\b",
    "'(*)!",
    "a:b@c",
]


def checked(seen):
    """Recompute the signature of a request as it arrived, from its own path, headers and body."""
    named = seen.headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    asked = AWSRequest(method=seen.method, url=f"http://{seen.host}{seen.path}", data=seen.body)
    for name in named:
        asked.headers[name] = seen.headers[name]
    asked.context["timestamp"] = seen.headers["x-amz-date"]
    assert seen.headers["x-amz-content-sha256"] == hashlib.sha256(seen.body).hexdigest()
    signer = S3SigV4Auth(ReadOnlyCredentials("testing", "testing", None), "s3", "us-east-1")
    signature = signer.signature(signer.string_to_sign(asked, signer.canonical_request(asked)), asked)
    return seen.headers["authorization"].endswith(f"Signature={signature}")


@pytest.mark.parametrize("style", ["path", "virtual"])
async def test_what_arrives_is_what_was_signed(style, monkeypatch):
    """Through a proxy, so that the bucket may be part of the host."""
    with answering(lambda _: Reply(200, b"1", {"ETag": '"1"'})) as server:
        monkeypatch.setenv("HTTP_PROXY", server.url)
        async with open_store(
            f"s3://bucket?client=light&addressing_style={style}&endpoint_url=http://s3.test"
        ) as store:
            for key in ODD:
                await store.get(key)
                await store._objects.put(key, b"1\n\xff", Create(), "quoted")
    assert len(server.seen) == 2 * len(ODD)
    assert all(checked(seen) for seen in server.seen)
    start = "http://s3.test/bucket/" if style == "path" else "http://bucket.s3.test/"
    assert [seen.target for seen in server.seen[::2]] == [start + encoded(key) for key in ODD]


async def test_odd_keys_and_sizes_survive_a_round_trip(server):
    async with open_store(server.uri(server.bucket(), client="light")) as store:
        etags = {key: await store.put(key, key.encode(), Create()) for key in ODD}
        assert sorted([info.key async for info in store.list()]) == sorted(ODD)
        for key, etag in etags.items():
            assert (await store.get(key)).data == key.encode()
            await store.put(key, b"", Update(etag))
            assert (await store.get(key)).data == b""
        large = bytes(range(256)) * 20_000
        await store.put("large", large, Create())
        assert (await store.get("large")).data == large


if "PTB_BUCKET_S3_TEST_ENDPOINT" in os.environ:

    @pytest.mark.parametrize("client", ["light", "aioboto3"])
    async def test_a_wrong_secret_is_refused(own_server, monkeypatch, client):
        bucket = own_server.bucket()
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
        async with open_store(own_server.uri(bucket, client=client)) as store:
            with pytest.raises(AccessError, match="SignatureDoesNotMatch") as caught:
                await store.get("a")
        assert caught.value.about == "credentials"
