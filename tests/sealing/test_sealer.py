"""Tests of sealing and opening, and of everything that must not open."""

from __future__ import annotations

import gzip
import hmac
import json
import tracemalloc

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import aead
from cryptography.hazmat.primitives.kdf import hkdf
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from ptb_bucket.errors import (
    BrokenSealError,
    ConfigurationError,
    CorruptDocumentError,
    DocumentError,
    ForeignDocumentError,
    SealError,
)
from ptb_bucket.sealing.compression import open_compression
from ptb_bucket.sealing.keys import read_keys
from support.documents import sealing_options
from support.documents.sealing_options import BOT, KEYS, MAGIC, WAYS, sealer

KEY = "state.json"
DATA = b'{"user_data": {"42": {"name": "Ada"}}}' * 5
PROTECTED = ["hmac-sha256", "aes-256-gcm"]
ways = pytest.mark.parametrize("way", WAYS, ids="-".join)
protected = pytest.mark.parametrize("protection", PROTECTED)
DOCUMENTS = st.binary(max_size=300) | st.binary(max_size=20).map(lambda rest: MAGIC + rest)


def header(sealed) -> dict:
    return json.loads(sealed[len(MAGIC) : sealed.index(b"\n")])


def with_header(sealed, **changes) -> bytes:
    return MAGIC + json.dumps(header(sealed) | changes).encode() + sealed[sealed.index(b"\n") :]


# ---------------------------------------------------------------- what opens


@given(st.sampled_from(WAYS), st.text(min_size=1, max_size=50), DOCUMENTS)
def test_what_was_sealed_opens(way, key, data):
    assert sealer(*way).open(key, sealer(*way).seal(key, data)) == data


@given(
    st.sampled_from(PROTECTED),
    st.sampled_from(sealing_options.COMPRESSIONS),
    st.sampled_from(sealing_options.COMPRESSIONS),
    DOCUMENTS,
)
def test_keys_and_compression_may_change(protection, before, after, data):
    sealed = sealer(protection, before, KEYS[1]).seal(KEY, data)
    now = sealer(protection, after, KEYS[0], KEYS[1])
    assert now.open(KEY, sealed) == data
    assert not now.is_current(sealed)
    again = now.seal(KEY, data)
    assert now.is_current(again)
    assert sealer(protection, before, KEYS[0]).open(KEY, again) == data


@ways
def test_without_keys_compression_may_change_too(way):
    sealed = sealer("none", way[1]).seal(KEY, DATA)
    for after in sealing_options.COMPRESSIONS:
        assert sealer("none", after).open(KEY, sealed) == DATA
        assert sealer("none", after).open(KEY, DATA) == DATA


def test_plain_is_plain():
    assert sealer().seal(KEY, DATA) == DATA


@ways
def test_the_first_line_says_what_it_is(way):
    sealed = sealer(*way).seal(KEY, DATA)
    if way == ("none", "none"):
        return
    protection, compression = way
    found = header(sealed)
    assert bool(found.pop("key_id")) == (protection != "none")
    assert found == {
        "format": 1, "bot_id": BOT, "document": KEY, "protection": protection, "compression": compression,
    }  # fmt: skip


def test_only_encryption_hides():
    shown = {protection: b"Ada" in sealer(protection).seal(KEY, DATA) for protection in sealing_options.PROTECTIONS}
    assert shown == {"none": True, "hmac-sha256": True, "aes-256-gcm": False}


def test_no_two_encryptions_share_anything_behind_the_head():
    sealed = {sealer("aes-256-gcm").seal(KEY, b"")[-48:] for _ in range(50)}
    assert len({one[:32] for one in sealed}) == len({one[32:] for one in sealed}) == 50


def test_no_use_of_a_key_says_anything_about_another_one():
    """Key IDs are public: they must not begin like a key that is in use, and no derived key may equal another."""
    (key,) = read_keys(KEYS[0], "the test")
    derived = {key.derived(purpose) for purpose in ("key id", "hmac-sha256", "aes-256-gcm")} | {key._secret}
    assert len({one[:8] for one in derived}) == 4
    assert [one.hex() for one in derived if one.hex().startswith(key.id)] == [key.derived("key id").hex()]


def test_key_and_nonce_are_those_of_rfc_5869():
    """Compute extract and expand as the RFC defines them, with the standard library alone."""
    encryption = next(iter(sealer("aes-256-gcm")._keys.values()))
    for salt in (bytes(range(32)), b"short", b""):
        extracted = hmac.digest(salt, encryption._key, "sha256")
        first = hmac.digest(extracted, b"\x01", "sha256")
        second = hmac.digest(extracted, first + b"\x02", "sha256")
        assert encryption._fresh(salt) == (first, second[:12])


# ---------------------------------------------------------------- what does not


def test_a_release_of_cryptography_that_computes_something_else_is_refused(monkeypatch):
    """OCB has the same interface, but nothing else could open documents that it sealed."""
    monkeypatch.setattr(aead, "AESGCM", aead.AESOCB3)
    with pytest.raises(ConfigurationError, match="cryptography does not compute AES-256-GCM"):
        sealer("aes-256-gcm", "none").seal(KEY, DATA)


def test_a_release_of_cryptography_that_derives_something_else_is_refused(monkeypatch):
    monkeypatch.setattr(hkdf, "HKDF", lambda _algorithm, length, **options: real(hashes.SHA512(), length, **options))
    real = HKDF
    with pytest.raises(ConfigurationError, match="cryptography does not compute HKDF-SHA-256"):
        sealer("aes-256-gcm", "none").seal(KEY, DATA)


@protected
def test_any_changed_byte_is_refused(protection):
    sealed = sealer(protection, "gzip").seal(KEY, DATA)
    for at in range(len(sealed)):
        changed = bytearray(sealed)
        changed[at] ^= 1
        with pytest.raises(DocumentError):
            sealer(protection, "gzip").open(KEY, bytes(changed))


@protected
def test_anything_cut_off_or_added_is_refused(protection):
    sealed = sealer(protection).seal(KEY, DATA)
    for changed in [*(sealed[:end] for end in range(len(sealed))), sealed + b"\0", sealed + sealed]:
        with pytest.raises(DocumentError):
            sealer(protection).open(KEY, changed)


@protected
@pytest.mark.parametrize("key", ["state2.json", "other/state.json", "state.jso"])
def test_a_moved_document_is_refused(protection, key):
    sealed = sealer(protection).seal(KEY, DATA)
    with pytest.raises(BrokenSealError, match="moved"):
        sealer(protection).open(key, sealed)
    with pytest.raises(BrokenSealError, match="seal does not match"):
        sealer(protection).open(key, with_header(sealed, document=key))


@protected
def test_another_bots_document_is_refused(protection):
    sealed = sealer(protection).seal(KEY, DATA)
    with pytest.raises(ForeignDocumentError, match=r"bot 123456.* bot 777"):
        sealer(protection, bot_id="777").open(KEY, sealed)
    with pytest.raises(SealError, match="seal does not match"):
        sealer(protection, bot_id="777").open(KEY, with_header(sealed, bot_id="777"))


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_a_compressed_document_is_bound_as_well(compression):
    sealed = sealer("none", compression).seal(KEY, DATA)
    with pytest.raises(SealError, match="moved"):
        sealer().open("elsewhere", sealed)
    with pytest.raises(ForeignDocumentError):
        sealer(bot_id="777").open(KEY, sealed)


@protected
def test_weaker_protection_is_refused(protection):
    ours = sealer(protection)
    for other in {"none", *PROTECTED} - {protection}:
        theirs = sealer(other, "gzip")
        sealed = theirs.seal(KEY, DATA)
        with pytest.raises(SealError, match=r"only accepts .* documents.* rekey"):
            ours.open(KEY, sealed)
        with pytest.raises(DocumentError):
            ours.open(KEY, with_header(sealed, protection=protection))
        with pytest.raises(DocumentError):
            ours.open(KEY, with_header(sealed, protection=protection, key_id=ours._first))
    with pytest.raises(SealError, match="is not sealed") as caught:
        ours.open(KEY, DATA)
    assert not isinstance(caught.value, CorruptDocumentError)
    for truncated in (b"", MAGIC[:-1]):
        with pytest.raises(BrokenSealError, match="truncated"):
            ours.open(KEY, truncated)


def test_one_key_for_both_does_not_make_signed_encrypted():
    signed = sealer("hmac-sha256").seal(KEY, DATA)
    with pytest.raises(SealError, match="seal does not match"):
        sealer("aes-256-gcm").open(KEY, with_header(signed, protection="aes-256-gcm"))


@protected
def test_without_keys_the_error_says_which_are_missing(protection):
    ours = sealer(protection)
    with pytest.raises(SealError) as caught:
        sealer().open(KEY, ours.seal(KEY, DATA))
    assert ours._first in str(caught.value)
    assert "PTB_BUCKET_ENCRYPTION_KEYS" in str(caught.value) or protection == "hmac-sha256"
    assert "PTB_BUCKET_SIGNING_KEYS" in str(caught.value) or protection == "aes-256-gcm"


@protected
def test_the_wrong_key_is_named_by_its_id(protection):
    ours = sealer(protection)
    with pytest.raises(
        SealError,
        match=f"with key {ours._first}, but this bot only has [0-9a-f]{{16}}, [0-9a-f]{{16}}\\.",
    ):
        sealer(protection, None, *KEYS[1:]).open(KEY, ours.seal(KEY, DATA))


@pytest.mark.parametrize(
    ("line", "error", "message"),
    [
        (b"\n", CorruptDocumentError, "damaged"),
        (b"[]\n", CorruptDocumentError, "damaged"),
        (b'{"format": 2}\n', ForeignDocumentError, "Upgrade"),
        (b'{"format": 1}\n', CorruptDocumentError, "damaged"),
        (b"[" * 10_000 + b"\n", CorruptDocumentError, "damaged"),
        (b'{"format": ' + b"1" * 5000 + b"}\n", CorruptDocumentError, "damaged"),
        (b"x" * 100_000, CorruptDocumentError, "damaged"),
    ],
    ids=range(7),
)
def test_a_damaged_first_line(line, error, message):
    for ours in (sealer(), sealer("aes-256-gcm")):
        with pytest.raises(error, match=message):
            ours.open(KEY, MAGIC + line)


def test_a_first_line_that_we_would_not_write():
    sealed = sealer("none", "gzip").seal(KEY, DATA)
    for changed in (with_header(sealed, more=1), with_header(sealed, format=True), sealed.replace(b'": ', b'":', 1)):
        with pytest.raises(CorruptDocumentError, match="line"):
            sealer().open(KEY, changed)


@given(st.sampled_from(["none", *PROTECTED]), st.binary(max_size=200))
def test_any_bytes_are_refused_with_our_errors(protection, rest):
    sealed = sealer(protection, "zstd").seal(KEY, DATA)
    for data in (MAGIC + rest, sealed[: sealed.index(b"\n") + 1] + rest):
        with pytest.raises(DocumentError):
            sealer(protection).open(KEY, data)


def test_an_unknown_way_is_named():
    sealed = sealer("none", "gzip").seal(KEY, DATA)
    with pytest.raises(SealError, match="rot13"):
        sealer().open(KEY, with_header(sealed, protection="rot13"))
    with pytest.raises(ForeignDocumentError, match="lzma"):
        sealer().open(KEY, with_header(sealed, compression="lzma"))


# ---------------------------------------------------------------- whose it is


def test_the_bot_id_can_come_from_the_first_document():
    sealed = sealer("aes-256-gcm").seal(KEY, DATA)
    tool = sealer("aes-256-gcm", bot_id=None)
    with pytest.raises(ConfigurationError, match="bot ID"):
        tool.seal(KEY, DATA)
    assert tool.open(KEY, sealed) == DATA
    assert tool.bot_id == BOT
    assert sealer("aes-256-gcm").open(KEY, tool.seal(KEY, DATA)) == DATA
    with pytest.raises(ForeignDocumentError):
        tool.open(KEY, sealer("aes-256-gcm", bot_id="777").seal(KEY, DATA))


def test_nothing_is_learnt_from_a_broken_one():
    tool = sealer("hmac-sha256", bot_id=None)
    with pytest.raises(SealError):
        tool.open(KEY, sealer("hmac-sha256").seal(KEY, DATA) + b"x")
    assert tool.bot_id is None


# ---------------------------------------------------------------- bombs

LIMIT = 1_000_000


@pytest.mark.parametrize("way", WAYS, ids="-".join)
def test_what_is_too_large_is_refused_at_the_limit(way):
    ours, fits = sealer(*way, max_size=LIMIT), bytes(LIMIT)
    assert ours.open(KEY, ours.seal(KEY, fits)) == fits
    with pytest.raises(CorruptDocumentError, match=r"larger than 1000000 bytes.*max_size"):
        ours.open(KEY, ours.seal(KEY, fits + b"\0"))


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_a_bomb_costs_no_more_memory_than_the_limit(compression):
    ours = sealer("none", compression, max_size=LIMIT)
    bomb = ours.seal(KEY, bytes(100 * LIMIT))
    assert len(bomb) < LIMIT
    tracemalloc.start()
    try:
        with pytest.raises(CorruptDocumentError, match="larger"):
            ours.open(KEY, bomb)
        assert tracemalloc.get_traced_memory()[1] < 4 * LIMIT
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("log2", "is_read"), [(21, True), (24, True), (25, False), (30, False), (41, False)])
def test_a_frame_may_not_reserve_more_than_its_document_is_worth(log2, is_read):
    """zstd allocates the window that a frame claims, so a frame of a few bytes can take a GiB."""
    magic, descriptor, last_block_without_bytes = b"\x28\xb5\x2f\xfd", b"\0", b"\x01\0\0"
    frame = magic + descriptor + bytes([(log2 - 10) << 3]) + last_block_without_bytes
    zstd = open_compression("zstd")
    if is_read:
        assert zstd.decompress(frame, LIMIT) == b""
    else:
        with pytest.raises(CorruptDocumentError):
            zstd.decompress(frame, LIMIT)


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_damaged_compression(compression):
    sealed = sealer("none", compression).seal(KEY, DATA)
    for changed in (sealed[:-5], sealed + b"more", sealed + sealed[sealed.index(b"\n") + 1 :], sealed[:-9] + b"x" * 9):
        with pytest.raises(CorruptDocumentError):
            sealer().open(KEY, changed)


def test_gzip_is_gzip_and_does_not_know_the_time():
    first, second = (sealer("none", "gzip").seal(KEY, DATA) for _ in range(2))
    assert first == second
    assert gzip.decompress(first[first.index(b"\n") + 1 :]) == DATA
