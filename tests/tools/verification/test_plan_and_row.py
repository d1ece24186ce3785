"""Tests of what ``verify`` says before and after: the planned requests with their cost, and a row without secrets."""

from __future__ import annotations

import asyncio
import os

import pytest

from ptb_bucket.stores import Create, MemoryStore, Update, parse_uri
from ptb_bucket.tools import FULL_EFFORT, QUICK_EFFORT, ROW_HEAD, Verification, plan_verification, server_of, verify
from ptb_bucket.tools.verification import conformance, latency
from ptb_bucket.tools.verification.conformance import Kept, rehearse
from ptb_bucket.tools.verification.latency import Latency
from ptb_bucket.tools.verification.lost_answers import LostAnswers
from ptb_bucket.tools.verification.prices import cost_text
from ptb_bucket.tools.verification.races import Races
from ptb_bucket.tools.verification.report import uri_shape
from ptb_bucket.tools.verification.requests import CountingStore, Requests, Tally
from support.tools.verifying import SMALL

# ---------------------------------------------------------------- what it costs


async def test_the_plan_counts_every_kind_of_request():
    quick = await plan_verification("s3://b", effort=QUICK_EFFORT)
    full = await plan_verification("s3://b", effort=FULL_EFFORT)
    assert full.requests.writes > 1_050 + 160 + 60 + 100
    assert quick.requests.total < full.requests.total
    assert full.requests.deletes >= 1_050
    assert "Amazon S3 Standard in us-east-1 (2026)" in full.cost
    assert "$5 (PUT), $5 (LIST) and $0.4 (GET)" in full.cost


async def test_a_run_sends_about_what_was_planned(tmp_path):
    plan = await plan_verification(f"file:{tmp_path}", effort=SMALL)
    sent = (await verify(f"file:{tmp_path}", effort=SMALL)).requests
    assert abs(sent.writes - plan.requests.writes) < 0.1 * plan.requests.writes
    assert abs(sent.lists - plan.requests.lists) <= 4


async def test_all_promises_are_kept_in_memory():
    tally = await rehearse(SMALL)
    assert tally.requests.reads > 0


class Slow(MemoryStore):
    """A store like Google's, which accepts one write per second to an object."""

    min_write_interval = 1.0


async def test_no_object_is_written_more_often_than_the_cloud_allows(monkeypatch):
    slept = []

    async def sleep(seconds):
        slept.append(round(seconds))

    monkeypatch.setattr(asyncio, "sleep", sleep)
    store = CountingStore(Slow(), Tally())
    etag = await store.put("a", b"1", Create())
    await store.put("b", b"1", Create())
    assert slept == []
    await store.put("a", b"2", Update(etag))
    assert slept == [1]


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("file:./x", "costs nothing"),
        ("s3://b", "they cost about $5.400"),
        ("s3://b?endpoint_url=https://s3.eu-west-1.amazonaws.com", "they cost about $5.400"),
        ("gs://b", "Google Cloud Storage Standard in one region (2026), they cost about $5.400"),
        (
            "s3://b?endpoint_url=https://abc.r2.cloudflarestorage.com",
            "Cloudflare R2 Standard (2026), they cost about $4.860",
        ),
        ("s3://b?endpoint_url=https://minio.example:9000", "The list prices of minio.example are unknown"),
        ("gs://b?endpoint_url=http://127.0.0.1:1", "The list prices of 127.0.0.1 are unknown"),
    ],
)
def test_the_cost_follows_the_host(uri, words, monkeypatch):
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    assert words in cost_text(parse_uri(uri), Requests(writes=1_000_000, reads=1_000_000, deletes=9))


def test_a_server_in_the_environment_has_no_known_price(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://my-server:1")
    assert "my-server are unknown" in cost_text(parse_uri("s3://b"), Requests(writes=1))


# ---------------------------------------------------------------- the row

ROW = Verification(
    parse_uri("s3://secret-bucket/secret/prefix?endpoint_url=https://my.server:9000&region=r1&profile=secret"),
    promises=(Kept("one"), Kept("two", "broken")),
    races=Races(40, 40),
    lost_answers=LostAnswers(30, 29, 20, "one"),
    latency={"get": Latency(100, 0.0123, 0.1), "put": Latency(100, 0.02, 0.2), "list": Latency(30, 0.03, 0.3)},
)


def test_a_row_has_a_cell_for_each_column_and_nothing_private():
    row = ROW.row("My | server", "1.0", "Ada")
    cells = [cell.strip() for cell in row.replace("\\|", "!").strip("|").split("|")]
    assert len(cells) == len(ROW_HEAD)
    assert cells[0] == "My ! server"
    assert cells[2] == "`s3://BUCKET/PREFIX?endpoint_url=https://HOST:PORT&region=r1`"
    assert cells[4] == f"{ROW.began:%Y-%m-%d}"
    assert cells[5:] == ["**1/2**", "40/40", "**29/30**", "12.3 / 100.0, 20.0 / 200.0, 30.0 / 300.0"]
    assert "secret" not in row


def test_a_row_of_a_server_that_is_refused():
    row = Verification(parse_uri("s3://b"), refused="It ignores conditions on puts.").row("liar")
    assert "| **refused**: ignores conditions | - | - | - |" in row


@pytest.mark.parametrize(
    ("uri", "shape"),
    [
        ("file:/home/ada/bot", "file:DIRECTORY"),
        ("s3://b/p?region=eu-west-1", "s3://BUCKET/PREFIX?region=eu-west-1"),
        ("s3://b?kms_key=mine", "s3://BUCKET/PREFIX"),
        ("s3://b?endpoint_url=https://acc123.r2.cloudflarestorage.com&region=auto",
         "s3://BUCKET/PREFIX?endpoint_url=https://ACCOUNT.r2.cloudflarestorage.com&region=auto"),
        ("s3://b?endpoint_url=https://fra1.digitaloceanspaces.com",
         "s3://BUCKET/PREFIX?endpoint_url=https://fra1.digitaloceanspaces.com"),
        ("gs://b/p", "gs://BUCKET/PREFIX"),
    ],
)  # fmt: skip
def test_a_shape_keeps_what_all_customers_share(uri, shape):
    assert uri_shape(parse_uri(uri)) == shape


async def test_a_cloud_is_named_without_asking_it(monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    names = [await server_of(parse_uri(uri)) for uri in ("file:x", "s3://b", "gs://b")]
    assert names == [("directory", ""), ("Amazon S3", ""), ("Google Cloud Storage", "")]


def test_percentiles_are_values_that_were_measured():
    values = [float(number) for number in range(1, 101)]
    assert (latency.percentile(values, 0.5), latency.percentile(values, 0.99)) == (50.0, 99.0)
    assert latency.percentile([3.0], 0.99) == 3.0


def test_keys_cannot_lead_out_of_the_prefix():
    for name in conformance.promises_of(FULL_EFFORT):
        assert "/" not in name
        for key in ("..", "../a", "a/../b"):
            assert os.path.normpath(f"grounds/promises/{name}/{key}").startswith("grounds/promises")
