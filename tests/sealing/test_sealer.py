"""Tests of sealing and opening: what was sealed opens, keys may change, and the first line says what it is."""

from __future__ import annotations

import hmac

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import aead
from cryptography.hazmat.primitives.kdf import hkdf
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from ptb_bucket.errors import ConfigurationError, ForeignDocumentError, SealError
from ptb_bucket.sealing.keys import read_keys
from support.documents import sealing_options
from support.documents.sealed import DATA, KEY, PROTECTED, header
from support.documents.sealing_options import BOT, KEYS, MAGIC, WAYS, sealer

ways = pytest.mark.parametrize("way", WAYS, ids="-".join)
DOCUMENTS = st.binary(max_size=300) | st.binary(max_size=20).map(lambda rest: MAGIC + rest)


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
