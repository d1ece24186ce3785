"""Tests of answers that lead to another attempt of the light client (another region or time), and of hostile ones."""

from __future__ import annotations

import gzip
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from light_server import Reply, answering, certificate, error

from ptb_bucket.errors import AccessError, NotFoundError, UnavailableError
from ptb_bucket.stores import Create, open_store
from ptb_bucket_s3._light.refused import XmlError
from ptb_bucket_s3._light.xml import read_xml
from ptb_bucket_s3._parameters import read_parameter

OBJECT = Reply(200, b"1", {"ETag": '"1"'})
HOSTS = ("*.s3.amazonaws.com", "*.s3.us-east-1.amazonaws.com", "*.s3.eu-west-3.amazonaws.com")


@pytest.fixture
def amazon(tmp_path, monkeypatch):
    """Run a server to which a proxy leads that stands for all of AWS's hosts."""

    def run(answer):
        bundle, context = certificate(tmp_path, *HOSTS)
        server = answering(answer, context)
        monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
        return server

    return run


def elsewhere(kind):
    """Answer as AWS does when the bucket is in eu-west-3."""

    def answer(seen):
        if ".eu-west-3." in seen.host and seen.region == "eu-west-3":
            return OBJECT
        header = {"x-amz-bucket-region": "eu-west-3"}
        return {
            "permanent": error(301, "PermanentRedirect", header, Endpoint="bucket.s3.eu-west-3.amazonaws.com"),
            "temporary": error(307, "TemporaryRedirect", {**header, "Location": f"https://{seen.host}/elsewhere"}),
            "malformed": error(400, "AuthorizationHeaderMalformed", Region="eu-west-3"),
        }[kind]

    return answer


@pytest.mark.parametrize("region", ["", "us-east-1"])
@pytest.mark.parametrize("kind", ["permanent", "temporary", "malformed"])
async def test_the_region_that_aws_names_is_used_and_remembered(amazon, monkeypatch, kind, region):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with amazon(elsewhere(kind)) as server:
        monkeypatch.setenv("HTTPS_PROXY", server.url)
        async with open_store("s3://bucket?client=light" + (f"&region={region}" if region else "")) as store:
            await store.put("a/./b//c", b"1", Create())
            await store.get("a/./b//c")
            detail = (await store.diagnose())[0].detail
    right = "bucket.s3.eu-west-3.amazonaws.com"
    wrong = f"bucket.s3.{region}.amazonaws.com" if region else "bucket.s3.amazonaws.com"
    assert [(seen.method, seen.host) for seen in server.seen][:3] == [("PUT", wrong), ("PUT", right), ("GET", right)]
    assert {seen.target for seen in server.seen[:3]} == {"/a/./b//c"}
    assert server.tunnels[:2] == [f"{wrong}:443", f"{right}:443"]
    assert detail == "https://s3.eu-west-3.amazonaws.com, eu-west-3"


@pytest.mark.parametrize("region", ["eu-west-3.example.com/", "eu-west-3@example.com", "", "us-east-1"])
async def test_a_region_that_is_none_leads_nowhere(amazon, monkeypatch, region):
    """Otherwise a forged answer would send state and signature to any host."""
    answer = error(301, "PermanentRedirect", {"x-amz-bucket-region": region, "Location": "https://example.com/"})
    with amazon(lambda _: answer) as server:
        monkeypatch.setenv("HTTPS_PROXY", server.url)
        async with open_store("s3://bucket?client=light&region=us-east-1") as store:
            with pytest.raises(AccessError, match="region") as caught:
                await store.put("a", b"1", Create())
    assert caught.value.about == "bucket"
    assert server.tunnels == ["bucket.s3.us-east-1.amazonaws.com:443"]
    assert len(server.seen) == 1


async def test_two_regions_that_name_each_other_end(amazon, monkeypatch):
    other = {"us-east-1": "eu-west-3", "eu-west-3": "us-east-1"}
    answer = lambda seen: error(301, "PermanentRedirect", {"x-amz-bucket-region": other[seen.region]})  # noqa: E731
    with amazon(answer) as server:
        monkeypatch.setenv("HTTPS_PROXY", server.url)
        async with open_store("s3://bucket?client=light&region=us-east-1") as store:
            with pytest.raises(AccessError, match="another region"):
                await store.get("a")
    assert len(server.seen) == 4


async def test_another_server_may_name_the_region_for_the_signature():
    with answering(lambda seen: OBJECT if seen.region == "garage" else elsewhere_signed()) as server:
        async with open_store(f"s3://bucket?client=light&region=us-east-1&endpoint_url={server.url}") as store:
            await store.get("a")
            await store.get("a")
    assert [seen.region for seen in server.seen] == ["us-east-1", "garage", "garage"]


def elsewhere_signed():
    return error(400, "AuthorizationHeaderMalformed", Region="garage")


async def test_a_certificate_of_another_authority_is_refused(amazon, monkeypatch):
    with amazon(lambda _: OBJECT) as server:
        monkeypatch.setenv("HTTPS_PROXY", server.url)
        monkeypatch.delenv("AWS_CA_BUNDLE")
        async with open_store("s3://bucket?client=light&region=us-east-1") as store:
            with pytest.raises(UnavailableError, match="certificate"):
                await store.get("a")
    assert server.seen == []


def skewed(seen):
    """A server whose clock is two hours ahead."""
    now = datetime.now(timezone.utc) + timedelta(hours=2)
    signed = datetime.strptime(seen.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    date = {"Date": format_datetime(now, usegmt=True)}
    if abs(now - signed) > timedelta(minutes=15):
        return error(403, "RequestTimeTooSkewed", date)
    return Reply(200, b"1", {"ETag": '"1"', **date})


async def test_a_wrong_clock_is_corrected_and_remembered():
    with answering(skewed) as server:
        async with open_store(f"s3://bucket?client=light&endpoint_url={server.url}") as store:
            for _ in range(3):
                await store.get("a")
    assert len(server.seen) == 4


async def test_a_clock_that_cannot_be_corrected_is_an_access_error():
    with answering(lambda _: error(403, "RequestTimeTooSkewed")) as server:
        async with open_store(f"s3://bucket?client=light&endpoint_url={server.url}") as store:
            with pytest.raises(AccessError, match="clock"):
                await store.get("a")
    assert len(server.seen) == 1


def test_a_parameter_is_read_with_a_wrong_clock(monkeypatch):
    def answer(seen):
        reply = skewed(seen)
        if reply.status == 200:
            return Reply(200, b'{"Parameter": {"Value": "123456:ABC"}}')
        return Reply(400, b'{"__type": "InvalidSignatureException"}', reply.headers)

    with answering(answer) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", server.url)
        assert read_parameter("/my-bot/token") == "123456:ABC"
    assert [seen.headers["x-amz-target"] for seen in server.seen] == ["AmazonSSM.GetParameter"] * 2


async def test_an_object_is_read_as_it_was_stored():
    """An encoding in its metadata is the author's, and nothing to undo."""
    packed = gzip.compress(b"1")
    with answering(lambda _: Reply(200, packed, {"ETag": '"1"', "Content-Encoding": "gzip"})) as server:
        async with open_store(f"s3://bucket?client=light&endpoint_url={server.url}") as store:
            assert (await store.get("a")).data == packed
    assert server.seen[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", AccessError),  # it may come from a server that does not know the bucket
        (b"<html>Not here</html>", AccessError),
        (b'<!DOCTYPE x [<!ENTITY c "NoSuchKey">]><Error><Code>&c;</Code></Error>', AccessError),
        (b"<Error><Code>NoSuchKey</Code></Error>", NotFoundError),
        (b'<s3:Error xmlns:s3="x"><s3:Code>NoSuchKey</s3:Code></s3:Error>', NotFoundError),
    ],
)
async def test_only_a_proper_answer_means_that_there_is_nothing(body, kind):
    with answering(lambda _: Reply(404, body)) as server:
        async with open_store(f"s3://bucket?client=light&endpoint_url={server.url}") as store:
            with pytest.raises(kind):
                await store.get("a")


BOMB = b'<!DOCTYPE x [<!ENTITY a "' + b"a" * 1000 + b'">' + b'<!ENTITY b "' + b"&a;" * 1000 + b'">]><x>&b;</x>'


@pytest.mark.parametrize("body", [b"", b"no", b"<a>", BOMB, b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>'])
def test_xml_that_s3_does_not_send_is_refused(body):
    with pytest.raises(XmlError):
        read_xml(body)


EITHER = [
    b"",
    b"<html>x</html",
    b"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
]
OBJECTS = [
    b"<ListBucketResult><Contents><Key>rosebud</Key></Contents></ListBucketResult>",
    b"<ListBucketResult><Contents><Key>rosebud</Key><Size>rosebud</Size></Contents></ListBucketResult>",
    b"<ListBucketResult><Contents><Size>1</Size><LastModified>rosebud</LastModified></Contents></ListBucketResult>",
]
VERSIONS = [b"<ListVersionsResult><Version><Key>a</Key><Size>rosebud</Size></Version></ListVersionsResult>"]


@pytest.mark.parametrize(
    ("operation", "body"),
    [*(("list", body) for body in (*EITHER, *OBJECTS)), *(("versions", body) for body in (*EITHER, *VERSIONS))],
)
async def test_a_malformed_listing_is_not_taken_for_all(operation, body):
    with answering(lambda _: Reply(200, body)) as server:
        async with open_store(f"s3://bucket?client=light&endpoint_url={server.url}") as store:
            listing = store.list() if operation == "list" else store.versions("a")
            with pytest.raises(UnavailableError, match=r"s3://bucket at .* Check endpoint_url") as caught:
                [item async for item in listing]
    assert "rosebud" not in str(caught.value)


@pytest.mark.parametrize("client", ["light", "aioboto3"])
@pytest.mark.parametrize("operation", ["list", "versions", "delete"])
async def test_an_error_with_the_status_of_a_success_is_no_success(client, operation):
    """S3 may send one after it has begun to answer. An empty listing would be taken for an empty state."""
    with answering(lambda _: error(200, "InternalError", Message="Please try again.")) as server:
        async with open_store(f"s3://bucket?client={client}&endpoint_url={server.url}") as store:
            with pytest.raises(UnavailableError, match="500 InternalError: Please try again"):
                await {
                    "list": lambda: anext(store.list()),
                    "versions": lambda: anext(store.versions("a")),
                    "delete": lambda: store.delete("a"),
                }[operation]()


async def test_another_document_is_no_empty_listing():
    with answering(lambda _: Reply(200, b"<html><body>Log in</body></html>")) as server:
        async with open_store(f"s3://bucket?client=light&endpoint_url={server.url}") as store:
            with pytest.raises(UnavailableError, match="html"):
                [info async for info in store.list()]
            with pytest.raises(UnavailableError, match="html"):
                [version async for version in store.versions("a")]


async def test_log_lines_name_no_object(caplog):
    caplog.set_level("DEBUG")
    with answering(lambda _: OBJECT) as server:
        async with open_store(f"s3://bucket?client=light&endpoint_url={server.url}") as store:
            await store.get("users/rosebud")
    assert "rosebud" not in "".join(record.getMessage() for record in caplog.records if record.levelname != "DEBUG")
    assert "testing" not in caplog.text.replace("ptb_bucket.testing", "")
