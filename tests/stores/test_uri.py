from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.stores import StoreUri, parse_uri

GOOD = {
    "s3://bucket": StoreUri("s3", "bucket"),
    "s3://bucket/": StoreUri("s3", "bucket"),
    "S3://Bucket/x": StoreUri("s3", "Bucket", "x/"),
    "s3://bucket?": StoreUri("s3", "bucket"),
    "s3://bucket/some/prefix": StoreUri("s3", "bucket", "some/prefix/"),
    "s3://bucket//some/prefix//": StoreUri("s3", "bucket", "some/prefix/"),
    "s3://bucket/a//b": StoreUri("s3", "bucket", "a//b/"),
    "s3://bucket/bots/{bot_id}": StoreUri("s3", "bucket", "bots/{bot_id}/"),
    "s3://bucket/a%20b%3Fc/%D0%B6": StoreUri("s3", "bucket", "a b?c/ж/"),
    "s3://bucket/user@host": StoreUri("s3", "bucket", "user@host/"),
    "s3://b.u-c_k3t?region=eu-west-1&endpoint=http%3A%2F%2Flocalhost:9000": StoreUri(
        "s3", "b.u-c_k3t", "", {"region": "eu-west-1", "endpoint": "http://localhost:9000"}
    ),
    "s3://bucket?a=&b=1=2&c=x+y": StoreUri("s3", "bucket", "", {"a": "", "b": "1=2", "c": "x+y"}),
    "gs://bucket/p?project=x": StoreUri("gs", "bucket", "p/", {"project": "x"}),
    "x-y.z+1://bucket": StoreUri("x-y.z+1", "bucket"),
    "file:./dir": StoreUri("file", "./dir"),
    "file:dir/{bot_id}": StoreUri("file", "dir/{bot_id}"),
    "file:../dir": StoreUri("file", "../dir"),
    "file:/abs/dir": StoreUri("file", "/abs/dir"),
    "file:///abs/dir": StoreUri("file", "/abs/dir"),
    "file:////abs": StoreUri("file", "/abs"),
    "file:./my dir/%23": StoreUri("file", "./my dir/#"),
    "file:.?keep=3": StoreUri("file", ".", "", {"keep": "3"}),
    "memory:": StoreUri("memory", ""),
    "memory:name": StoreUri("memory", "name"),
    "memory:a/b": StoreUri("memory", "a/b"),
}

BAD = {
    "": "does not start with a scheme",
    "bucket": "does not start with a scheme",
    "./dir": "does not start with a scheme",
    "/abs": "does not start with a scheme",
    "://bucket": "does not start with a scheme",
    "1s://bucket": "does not start with a scheme",
    " s3://bucket": "space at its start",
    "s3://bucket\n": "space at its start",
    "s3://buc\tket": "control character",
    "C:\\data": "drive letter",
    "c:/data": "drive letter",
    "file:C:\\data": "drive letter",
    "file:///C:/data": "drive letter",
    "file:/c|/data": "drive letter",
    "s3:bucket": "no // before the bucket",
    "s3:/bucket": "no // before the bucket",
    "s3://": "has no bucket name",
    "s3:///key": "has no bucket name",
    "s3://bucket:9000/x": "characters other than",
    "s3://buc ket": "characters other than",
    "s3://buc%20ket": "characters other than",
    "s3://-bucket": "characters other than",
    "s3://bücket": "characters other than",
    "s3://bucket/../x": "means nothing in a bucket",
    "s3://bucket/%2E%2E/x": "means nothing in a bucket",
    "s3://bucket/x/.": "means nothing in a bucket",
    "s3://bucket/x#part": "fragment",
    "memory:a#b": "fragment",
    "s3://bucket/%": "does not start an escape",
    "s3://bucket/%zz": "does not start an escape",
    "s3://bucket?a=%2": "does not start an escape",
    "s3://bucket/%FF": "not UTF-8",
    "s3://bucket/%00": "control character",
    "s3://bucket?a=%0A": "control character",
    "s3://bucket/\ud800": "not UTF-8",
    "s3://bucket?a": "not name=value",
    "s3://bucket?=1": "not name=value",
    "s3://bucket?a=1&": "not name=value",
    "s3://bucket?a=1&&b=2": "not name=value",
    "s3://bucket?a=1&a=1": "the option 'a' twice",
    "s3://bucket?a=1&%61=2": "the option 'a' twice",
    "file:": "has no directory",
    "file:?a=1": "has no directory",
    "file:~/data": "only a shell expands",
    "file://host/dir": "has a host",
    "file://dir": "has a host",
    "file://./dir": "has a host",
    "memory://name": "// after the scheme",
}

SECRET = "hunter2"
WITH_SECRETS = [
    f"s3://user:{SECRET}@bucket/x",
    f"s3://{SECRET}@bucket",
    f"s3://user:{SECRET}/y@bucket/x",
    f"s3:{SECRET}@bucket",
    f"s3://bucket?{SECRET}",
    f"file://{SECRET}@host/x",
    f"memory://{SECRET}",
    f"s3://bucket?password={SECRET}#x",
    f"{SECRET}",
    *(
        f"s3://bucket/x?region=eu&{name}={SECRET}"
        for name in (
            *("access_key", "aws_access_key_id", "secret", "AWS_SECRET_ACCESS_KEY", "token", "aws-session-token"),
            *("password", "passwd", "pwd", "credentials", "X-Amz-Signature", "api%5Fkey", "private.key", "accountKey"),
        )
    ),
]


@pytest.mark.parametrize("text", GOOD)
def test_good(text):
    assert parse_uri(text) == GOOD[text]
    assert parse_uri(str(GOOD[text])) == GOOD[text]


@pytest.mark.parametrize("text", BAD, ids=ascii)
def test_bad_says_what_and_shows_a_right_one(text):
    with pytest.raises(ConfigurationError, match=BAD[text]) as caught:
        parse_uri(text)
    scheme = text.split(":", maxsplit=1)[0].lower()
    example = {"file": "file:./bot-data", "memory": "memory:NAME"}.get(scheme, "://bucket/prefix")
    assert example in str(caught.value)


@pytest.mark.parametrize("text", WITH_SECRETS)
def test_secrets_are_refused_and_never_repeated(text):
    with pytest.raises(ConfigurationError) as caught:
        parse_uri(text)
    error = caught.value
    while error is not None:
        assert SECRET not in repr(error)
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("text", [text for text in WITH_SECRETS if "&" in text] + WITH_SECRETS[:2])
def test_secrets_are_called_credentials(text):
    with pytest.raises(ConfigurationError, match="credentials"):
        parse_uri(text)


def test_canonical_form_is_readable():
    uri = StoreUri("s3", "bucket", "bots/{bot_id}/", {"region": "eu", "endpoint": "http://localhost:9000"})
    assert str(uri) == "s3://bucket/bots/{bot_id}?endpoint=http://localhost:9000&region=eu"
    assert str(StoreUri("file", "./a b")) == "file:./a%20b"
    assert str(StoreUri("memory", "")) == "memory:"


@settings(deadline=None)
@given(st.text(max_size=60) | st.text("s3file:/?&=%.@#a{}~ ", max_size=30).map("s3://b".__add__))
def test_any_text_is_parsed_or_refused(text):
    try:
        uri = parse_uri(text)
    except ConfigurationError:
        return
    assert parse_uri(str(uri)) == uri
