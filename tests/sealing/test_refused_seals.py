"""Tests of everything that must not open: changed, moved, of another bot, with weaker protection or without the key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptb_bucket.errors import BrokenSealError, CorruptDocumentError, DocumentError, ForeignDocumentError, SealError
from support.documents.sealed import DATA, KEY, PROTECTED, protected, with_header
from support.documents.sealing_options import KEYS, MAGIC, sealer


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
