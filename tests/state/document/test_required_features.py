"""The header of a document lists the features that its records use, no more and no less."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptb_bucket.codecs import JsonCodec, PickleCodec
from ptb_bucket.errors import CorruptDocumentError, ForeignDocumentError
from ptb_bucket.state import Record
from ptb_bucket.state.commit import prepare
from ptb_bucket.state.document.document import Document
from ptb_bucket.state.document.header import Header
from ptb_bucket.state.spool.format import Origin, pack, unpack
from support.documents.ledger_bench import ADA, BO, Bench

SHARED = b'{"a":{"$id":1,"n":1},"b":{"$ref":1}}'
PLAIN = b'{"a":1}'
FEATURES = JsonCodec().features
ORIGIN = Origin("1", "single", "json", "state.json")


def next_of(document: Document, changes) -> Document:
    after = document.changed(document.header.advanced("w", "c"), changes, FEATURES)
    return Document.unpack(after.pack(), codec="json", bot_id="1")


def empty() -> Document:
    return Document(Header("1", "json"))


def test_a_record_with_shared_objects_needs_refs_and_nothing_else_does():
    assert FEATURES(SHARED) == {"refs"}
    for by_hand in (b'{"me":{ "$ref" : 1}}', b'{"me":{"\\u0024ref":1}}'):
        assert FEATURES(by_hand) == {"refs"}
    codec = JsonCodec()
    for value in ({"$ref": 1}, {"a": "$ref"}, ["$ref", '"$ref":'], {'"$ref"': 1}, {"$id": 2}, {"ref": 1}):
        assert FEATURES(codec.encode(value)) == frozenset()
    shared = {"x": 1}
    assert PickleCodec().features(PickleCodec().encode([shared, shared])) == frozenset()


def test_a_document_that_needs_nothing_is_written_as_ever():
    packed = next_of(empty(), {ADA: PLAIN}).pack()
    assert packed.startswith(b'{"ptb_bucket": {"format": 1, "bot_id": "1", "codec": "json", "sequence": 1, ')
    assert b"needs" not in packed


def test_a_feature_is_listed_while_a_record_uses_it():
    first = next_of(empty(), {ADA: SHARED, BO: SHARED})
    second = next_of(first, {ADA: PLAIN})
    third = next_of(second, {BO: None})
    again = next_of(third, {BO: SHARED})
    assert [list(one.header.needs) for one in (first, second, third, again)] == [["refs"], ["refs"], [], ["refs"]]
    assert b'"format": 2, "needs": ["refs"]' in first.pack()
    assert b'"format": 1, "bot_id"' in third.pack()


@given(st.lists(st.dictionaries(st.sampled_from([ADA, BO, Record.chat(1)]), st.sampled_from([SHARED, PLAIN, None]))))
def test_what_is_listed_is_what_the_records_use_whatever_the_commits_were(commits):
    document = empty()
    for changes in commits:
        document = next_of(document, changes)
        assert document.header.needs == frozenset().union(*(FEATURES(value) for _, value in document.items()))


def test_what_was_listed_without_a_record_that_shows_it_stays_listed():
    listed = Document(Header("1", "json", needs=frozenset({"refs"}))).changed(
        Header("1", "json", needs=frozenset({"refs"})), {ADA: PLAIN}, FEATURES
    )
    assert next_of(listed, {ADA: None}).header.needs == {"refs"}


def test_what_others_need_is_still_listed_after_a_lost_race():
    bench = Bench()
    bench.start({"n": 1})
    bench.ledger.stage(BO, PLAIN)
    prepare(bench.ledger)
    theirs = bench.ledger.document
    changed = theirs.changed(theirs.header.advanced("them", "theirs"), {ADA: SHARED}, FEATURES)
    bench.ledger.loaded(changed, bench.etag())
    attempt = prepare(bench.ledger)
    assert attempt.document.header.needs == {"refs"}
    assert attempt.document.get(ADA) == SHARED


def test_a_ledger_lists_what_its_own_records_need():
    bench = Bench()
    bench.ledger.stage(ADA, SHARED)
    assert b'"needs": ["refs"]' in prepare(bench.ledger).packed()


@pytest.mark.parametrize("where", ["staged", "base", "payload"])
def test_a_spool_with_shared_objects_is_refused_by_libraries_from_before(where):
    bench = Bench()
    if where == "base":
        bench.ledger.base.put(ADA, SHARED)
    bench.ledger.stage(ADA, PLAIN if where == "base" else SHARED)
    if where == "payload":
        prepare(bench.ledger)
    packed = pack(bench.ledger, ORIGIN)
    assert packed.startswith(b"ptb-bucket spool 2 ")
    assert unpack(packed).data["needs"] == ["refs"]


def test_a_spool_that_needs_nothing_is_written_as_ever():
    bench = Bench()
    bench.ledger.stage(ADA, PLAIN)
    packed = pack(bench.ledger, ORIGIN)
    assert packed.startswith(b"ptb-bucket spool 1 ")
    assert b"needs" not in packed


def test_a_spool_of_a_newer_format_or_with_a_wrong_digest_is_refused():
    body = json.dumps({"origin": {}}).encode()
    digest = hashlib.sha256(body).hexdigest().encode()
    with pytest.raises(ForeignDocumentError, match="Upgrade ptb-bucket"):
        unpack(b"ptb-bucket spool 3 " + digest + b"\n" + body)
    for first in (b"ptb-bucket spool 2 " + digest[::-1], b"ptb-bucket spoon 1 " + digest, b""):
        with pytest.raises(CorruptDocumentError):
            unpack(first + b"\n" + body)


@pytest.mark.parametrize("form", [3, 99])
def test_a_newer_format_asks_for_an_upgrade(form):
    packed = next_of(empty(), {ADA: PLAIN}).pack().replace(b'"format": 1', b'"format": %d' % form)
    with pytest.raises(
        ForeignDocumentError,
        match=f"the document uses format {form}, but .* only supports formats up to 2. Upgrade ptb-bucket",
    ):
        Document.unpack(packed, codec="json", bot_id="1")
