"""Documents: records survive packing, unchanged bytes stay unchanged, and damage raises only errors of ptb-bucket."""

from __future__ import annotations

import contextlib
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptb_bucket.errors import CorruptDocumentError, DocumentError
from ptb_bucket.state import BOT_DATA, HANDLED, Kind, Record
from ptb_bucket.state.document.document import Document
from ptb_bucket.state.document.frame_format import FrameFormat
from ptb_bucket.state.document.header import ALWAYS_KEPT, SECONDS_KEPT, WRITERS_KEPT, Commit, Fate, Header
from ptb_bucket.state.document.json_format import JsonFormat, unpack_lines
from ptb_bucket.state.document.layouts import recognise

CODECS = ["json", "pickle"]
others = (
    st.sampled_from([BOT_DATA, HANDLED])
    | st.builds(Record.keyboard, st.text(max_size=8))
    | st.builds(Record.user, st.integers())
    | st.builds(Record.chat, st.integers())
)
keys = st.lists(st.integers() | st.text(max_size=5), min_size=1, max_size=3).map(tuple)
records = others | st.builds(Record.of_conversation, st.text(max_size=5), keys)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
values = {"json": json_values.map(lambda value: json.dumps(value).encode()), "pickle": st.binary(max_size=20)}


def document(codec, changes=None) -> Document:
    header = Header("1", codec).advanced("w", "c")
    return Document(header).changed(header, changes or {})


def unpack(data, codec) -> Document:
    return Document.unpack(data, codec=codec, bot_id="1")


@pytest.mark.parametrize("codec", CODECS)
@given(data=st.data())
def test_a_document_comes_back(codec, data):
    changes = data.draw(st.dictionaries(records, values[codec], max_size=6))
    packed = document(codec, changes).pack()
    again = unpack(packed, codec)
    assert {record: again.get(record) for record in again.records()} == changes
    assert again.pack() == packed


@pytest.mark.parametrize("codec", CODECS)
def test_a_commit_splices_between_untouched_bytes(codec):
    before = document(codec, {Record.user(n): b"%d" % n for n in range(5)})
    after = before.changed(before.header, {Record.user(2): b'"two"', Record.user(3): None, Record.chat(9): b"9"})
    assert before.get(Record.user(2)) == b"2"
    assert [after.get(Record.user(n)) for n in range(5)] == [b"0", b"1", b'"two"', None, b"4"]
    assert after.sections[Kind.USER]["4"] is before.sections[Kind.USER]["4"]
    assert unpack(after.pack(), codec).get(Record.chat(9)) == b"9"


def test_json_documents_are_readable_and_one_record_per_line():
    text = document("json", {BOT_DATA: b'{"a":1}', Record.user(42): b"[1]", Record.user(-1): b"2"}).pack().decode()
    assert json.loads(text)["user_data"] == {"42": [1], "-1": 2}
    assert text.splitlines()[0].startswith('{"ptb_bucket": {"format": 1, "bot_id": "1"')
    lines = ['"bot_data": {', '"bot": {"a":1}', "},", '"user_data": {', '"42": [1],', '"-1": 2', "}", "}"]
    assert text.splitlines()[1:] == lines


@given(changes=st.dictionaries(records, values["json"], max_size=6), at=st.integers(0), noise=st.binary(max_size=3))
def test_lines_say_what_careful_reading_says(changes, at, noise):
    packed = document("json", changes).pack()
    found = unpack_lines(packed)
    assert found is not None
    assert found == JsonFormat()._sections(packed.decode())
    at %= len(packed)
    edited = packed[:at] + noise + packed[at + len(noise) :]
    if edited != packed and edited.startswith(b'{"ptb_bucket": {') and b'"crc"' in edited:
        assert unpack_lines(edited) is None or b"\n" not in edited[:at]  # in the header, which is parsed as ever


def test_the_same_frame_twice_is_damage_never_a_choice():
    entry = FrameFormat().entry("1", b"data")
    packed = document("pickle", {Record.user(1): b"data"}).pack()
    body = packed[:-4].replace(b'["user_data", 1]', b'["user_data", 2]') + entry
    with pytest.raises(CorruptDocumentError, match="user_data contains a record twice"):
        unpack(body + zlib.crc32(body).to_bytes(4, "big"), "pickle")


def test_an_id_that_is_written_in_another_way_is_read_with_care_though_the_checksum_is_right():
    """Else its length would not show where the value begins."""
    packed = document("json", {Record.keyboard('a"b'): b"[1]"}).pack()
    body = packed[packed.index(b",\n") :].replace(rb"a\"b", rb"a\u0022b")
    header = json.loads(packed[len('{"ptb_bucket": ') : packed.index(b",\n")]) | {"crc": zlib.crc32(body)}
    other = b'{"ptb_bucket": ' + json.dumps(header).encode() + body
    assert unpack_lines(other) is None
    assert unpack(other, "json").get(Record.keyboard('a"b')) == b"[1]"


@given(st.text(max_size=5), records)
def test_a_conversation_is_of_the_handler_that_its_id_names(handler, record):
    if record.kind is Kind.CONVERSATION:
        name, key = record.conversation
        spaced = Record(Kind.CONVERSATION, f"[ {json.dumps(name)}, {json.dumps(key)[1:-1]}]")  # by hand
        for name_of_one in (handler, name):
            assert record.is_of(name_of_one) == spaced.is_of(name_of_one) == (name == name_of_one)
    longer = Record.of_conversation(f"{handler}x", (1,))
    assert not longer.is_of(handler)


def test_an_edited_record_is_read_with_care_and_put_on_one_line_again():
    packed = document("json", {Record.user(1): b'{"a": 1}', Record.user(2): b"2"}).pack()
    edited = packed.replace(b'{"a": 1}', b'{\n"b": {},\n"c": []}')
    again = unpack(edited, "json")
    assert json.loads(again.get(Record.user(1))) == {"b": {}, "c": []}
    once_more = unpack(again.pack(), "json")
    assert {record: once_more.get(record) for record in once_more.records()} == {
        record: again.get(record) for record in again.records()
    }


def test_a_document_that_a_human_reformatted_still_opens():
    packed = document("json", {Record.user(42): b'{"a":[1,{"b":2}]}', Record.chat(1): b"{}"}).pack()
    for pretty in (json.dumps(json.loads(packed), indent=4), "\ufeff" + packed.decode() + "\r\n\t "):
        again = unpack(pretty.encode(), "json")
        assert json.loads(again.get(Record.user(42))) == {"a": [1, {"b": 2}]}
        assert again.get(Record.chat(1)) == b"{}"


@pytest.mark.parametrize("codec", CODECS)
@given(st.data())
def test_damage_is_only_ever_our_error(codec, data):
    packed = document(codec, {Record.user(42): b'{"name": "Ada"}', BOT_DATA: b"[1, 2]"}).pack()
    at = data.draw(st.integers(0, len(packed)))
    damaged = packed[:at] + data.draw(st.binary(max_size=4)) + packed[data.draw(st.integers(at, len(packed))) :]
    with contextlib.suppress(DocumentError):
        unpack(damaged, codec)


@pytest.mark.parametrize("codec", CODECS)
@given(st.binary(max_size=60))
def test_any_bytes_are_only_ever_our_error(codec, data):
    with pytest.raises(DocumentError):
        unpack(data, codec)


@pytest.mark.parametrize("codec", CODECS)
def test_every_truncation_is_noticed(codec):
    packed = document(codec, {Record.user(42): b'{"name": "Ada"}'}).pack()
    for end in range(len(packed.rstrip()) if codec == "json" else len(packed)):
        with pytest.raises(CorruptDocumentError):
            unpack(packed[:end], codec)


def test_a_conversation_whose_key_was_written_by_hand_is_the_one_that_we_mean():
    packed = document("json", {Record.of_conversation("é", (1, 1)): b"1"}).pack()
    edited = packed.replace(json.dumps('["\\u00e9",1,1]').encode(), '"[\\"é\\", 1, 1]"'.encode())
    assert edited != packed
    assert unpack(edited, "json").get(Record.of_conversation("é", (1, 1))) == b"1"


def test_a_document_that_nests_too_deep_is_refused():
    data = b'{"ptb_bucket": {"format": 1}, "user_data": {"1": ' + b"[" * 100_000
    with pytest.raises(CorruptDocumentError):
        unpack(data, "json")


def test_opening_a_pickle_document_opens_no_pickle():
    bomb = b"cos\nsystem\n(S'echo boom'\ntR."
    assert unpack(document("pickle", {BOT_DATA: bomb}).pack(), "pickle").get(BOT_DATA) == bomb


# ---------------------------------------------------------------- the header


def header(*commits, floor=0, sequence=9) -> Header:
    return Header("1", "json", sequence, floor, tuple(Commit(*commit, 0) for commit in commits))


@pytest.mark.parametrize(
    ("found", "last_known", "fate"),
    [
        (header((9, "me", "mine")), None, Fate.APPLIED),
        (header((9, "other", "x"), (8, "me", "mine")), None, Fate.APPLIED),  # another writer built on it
        (header((9, "other", "x"), (5, "me", "before")), "before", Fate.NOT_APPLIED),
        (header((9, "other", "x")), None, Fate.NOT_APPLIED),
        (header((9, "other", "x"), floor=8), None, Fate.IN_DOUBT),  # forgotten, maybe
        (header((9, "me", "strange")), "before", Fate.IN_DOUBT),  # somebody else writes under our id
    ],
)
def test_the_outcome_of_a_write_whose_answer_was_lost(found, last_known, fate):
    assert found.fate(Commit(8, "me", "mine", 0), last_known) is fate


def test_the_header_keeps_the_last_commit_of_each_writer_newest_first():
    now = Header("1", "json")
    for number in range(6):
        now = now.advanced(f"w{number % 3}", f"c{number}")
    assert [(commit.sequence, commit.writer, commit.id) for commit in now.commits] == [
        (6, "w2", "c5"), (5, "w1", "c4"), (4, "w0", "c3"),
    ]  # fmt: skip
    assert (now.sequence, now.floor) == (6, 0)


def test_forgotten_writers_raise_the_floor(monkeypatch):
    now = Header("1", "json")
    for number in range(WRITERS_KEPT + 5):
        now = now.advanced(f"w{number}", f"c{number}")
    assert (len(now.commits), now.floor) == (WRITERS_KEPT, 5)
    monkeypatch.setattr("ptb_bucket.state.document.header.time.time", lambda: now.commits[0].time + SECONDS_KEPT + 1)
    later = now.advanced("new", "x")
    assert (len(later.commits), later.floor) == (1 + ALWAYS_KEPT, now.sequence - ALWAYS_KEPT)


def test_one_clock_that_is_wrong_hides_no_commit_of_a_few_writers(monkeypatch):
    now = Header("1", "json").advanced("lost its answer", "a")
    monkeypatch.setattr("ptb_bucket.state.document.header.time.time", lambda: now.commits[0].time + 3 * SECONDS_KEPT)
    for number in range(ALWAYS_KEPT):
        now = now.advanced(f"days ahead {number}", f"c{number}")
    assert now.fate(Commit(1, "lost its answer", "a", 0), None) is Fate.APPLIED
    assert now.fate(Commit(2, "lost its answer", "b", 0), "a") is Fate.NOT_APPLIED


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("state.json", ("single", "json")),
        ("chat_data.pkl", ("per-type", "pickle")),
        ("state.txt", None),
        ("x/state.json", None),
        ("state", None),
        (".json", None),
    ],
)
def test_documents_are_recognised_by_their_key(key, found):
    assert recognise(key) == found
