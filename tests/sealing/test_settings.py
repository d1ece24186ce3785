"""Tests of the sources of keys, of refused keys, and that keys are never shown."""

from __future__ import annotations

import base64
import builtins
import copy
import pickle
import secrets

import pytest

from ptb_bucket import BucketPersistence, Sealing
from ptb_bucket.errors import ConfigurationError, ForeignDocumentError
from ptb_bucket.location import locate
from ptb_bucket.sealing.sealer import VARIABLES
from ptb_bucket.stores import MemoryStore
from support.documents.sealing_options import BOT, KEYS, PROTECTIONS, sealer, sealing

WAYS = sorted(VARIABLES)
RAW = base64.b64decode(KEYS[0])


def opens(settings: Sealing, way: str, key: str = KEYS[0]) -> bool:
    return settings.sealer(BOT).open("k", sealer(way, None, key).seal("k", b"data")) == b"data"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "keys",
    [
        KEYS[0],
        [KEYS[0]],
        f" {KEYS[1]} ,\n{KEYS[0]}\n",
        [KEYS[1], KEYS[0]],
        KEYS[0].rstrip("="),
        KEYS[0].replace("+", "-").replace("/", "_"),
        RAW,
        [RAW],
        lambda: KEYS[0],
        lambda: [RAW],
    ],
    ids=range(10),
)
def test_keys_as_people_write_them(way, keys):
    assert opens(Sealing(**{PROTECTIONS[way]: keys}), way)


@pytest.mark.parametrize("way", WAYS)
def test_keys_from_the_environment(way, monkeypatch):
    monkeypatch.setenv(VARIABLES[way], f"{KEYS[1]},{KEYS[0]}")
    assert opens(Sealing(), way)
    assert opens(locate("memory:", None, None, ()).sealing, way)
    assert opens(locate(MemoryStore(), None, None, ()).sealing, way)


def test_an_argument_comes_before_the_environment(monkeypatch):
    monkeypatch.setenv(VARIABLES["hmac-sha256"], KEYS[1])
    assert opens(Sealing(encryption_keys=KEYS[0]), "aes-256-gcm")


def test_a_generated_key_is_one():
    for _ in range(20):
        assert Sealing(signing_keys=secrets.token_urlsafe(32)).sealer(BOT).protection == "hmac-sha256"


def test_a_function_is_called_when_a_state_is_opened_and_not_before():
    calls = []

    def keys():
        calls.append(1)
        return KEYS[0]

    location = locate("memory:?compression=gzip", None, None, (), Sealing(encryption_keys=keys))
    assert not calls
    location.open(BOT)
    assert len(calls) == 1


SECRET = "s3cr3t"
BAD = {
    "empty": "",
    "only spaces": "  ",
    "none": [],
    "an empty one": f"{KEYS[0]},,{KEYS[1]}",
    "short": base64.b64encode(SECRET.encode()).decode(),
    "a passphrase": f"{SECRET} and some more words with ümlauts",
    "no base64": f"{SECRET}*" * 10,
    "a number": [5],
    "short bytes": SECRET.encode(),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
@pytest.mark.parametrize("way", WAYS)
def test_what_is_no_key_is_refused_and_not_shown(way, bad, monkeypatch):
    with pytest.raises(ConfigurationError) as caught:
        Sealing(**{PROTECTIONS[way]: bad})
    with pytest.raises(ConfigurationError):
        Sealing(**{PROTECTIONS[way]: lambda: bad}).sealer(BOT)
    if isinstance(bad, str):
        monkeypatch.setenv(VARIABLES[way], bad)
        with pytest.raises(ConfigurationError, match=VARIABLES[way]):
            BucketPersistence("memory:")
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


def test_both_kinds_are_refused(monkeypatch):
    with pytest.raises(ConfigurationError, match="Set only one"):
        Sealing(signing_keys=KEYS[0], encryption_keys=KEYS[1])
    for variable in VARIABLES.values():
        monkeypatch.setenv(variable, KEYS[0])
    with pytest.raises(ConfigurationError, match="Set only one"):
        BucketPersistence("memory:")


@pytest.mark.parametrize(
    "option", ["compression=zip", "max_size=big", "max_size=-1", "compression=", "encryption_key=x"]
)
def test_wrong_options_are_refused(option):
    with pytest.raises(ConfigurationError):
        BucketPersistence(f"memory:?{option}")


def test_options_and_arguments_agree():
    BucketPersistence("memory:?compression=gzip&max_size=10", sealing=Sealing(compression="gzip", max_size=10))
    for option in ("compression=zstd", "max_size=11"):
        with pytest.raises(ConfigurationError, match="Remove one of the two"):
            BucketPersistence(f"memory:?{option}", sealing=Sealing(compression="gzip", max_size=10))
    with pytest.raises(ConfigurationError, match="must be a ptb_bucket"):
        BucketPersistence("memory:", sealing="gzip")


@pytest.mark.parametrize("way", WAYS)
def test_keys_are_in_no_repr_and_in_no_copy(way):
    settings = sealing(way, "gzip", *KEYS)
    held = [settings, settings.sealer(BOT), *(key for keys in settings._keys.values() for key in keys)]
    location = locate("memory:", None, None, (), settings)
    for one in [*held, location, location.open(BOT)]:
        for key in KEYS:
            assert key not in repr(one)
            assert repr(base64.b64decode(key))[2:-1] not in repr(one)
    for one in (held[0], held[2]):
        for copied in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="can't be copied"):
                copied(one)


@pytest.fixture
def without(monkeypatch):
    """Hide all modules that are not in every Python."""
    real = builtins.__import__

    def importing(name, *args, **kwargs):
        if name.partition(".")[0] in {"cryptography", "backports", "compression"}:
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", importing)


def test_a_missing_package_is_named(without):
    with pytest.raises(ConfigurationError, match=r"pip install 'ptb-bucket\[encryption\]'"):
        Sealing(encryption_keys=KEYS[0])
    with pytest.raises(ConfigurationError, match=r"pip install 'ptb-bucket\[zstd\]'"):
        BucketPersistence("memory:?compression=zstd")


def test_what_a_missing_package_has_compressed_says_so(request):
    sealed = sealer("none", "zstd").seal("k", b"data")
    request.getfixturevalue("without")
    with pytest.raises(ForeignDocumentError, match=r"pip install 'ptb-bucket\[zstd\]'"):
        sealer().open("k", sealed)


def test_the_rest_needs_no_package(without):
    for way in ("none", "hmac-sha256"):
        for compression in ("none", "gzip"):
            assert sealer(way, compression).open("k", sealer(way, compression).seal("k", b"data")) == b"data"
