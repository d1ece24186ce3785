"""The arguments of BucketPersistence: where a bot's state is, which bot it belongs to, and what is refused at once."""

from __future__ import annotations

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.errors import ConfigurationError


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_an_interval_that_never_rests_is_refused(seconds):
    with pytest.raises(ConfigurationError, match="endless loop"):
        BucketPersistence("memory:", update_interval=seconds)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("refresh_interval", -1),
        ("refresh_interval", "0"),
        ("commit_timeout", 0),
        ("commit_timeout", None),
        ("update_interval", "60"),
        ("update_interval", None),
        ("resolver", "ours"),
    ],
)
def test_wrong_arguments_are_refused_at_once(name, value):
    with pytest.raises(ConfigurationError, match=name):
        BucketPersistence("memory:", **{name: value})


async def test_a_path_is_a_directory(tmp_path):
    persistence = BucketPersistence(tmp_path / "bot data" / "{bot_id}")
    persistence.set_bot(ExtBot("123456:offline"))
    await persistence.update_bot_data({"a": 1})
    assert (tmp_path / "bot data" / "123456" / "state.json").exists()


def test_update_interval_is_ptbs():
    assert BucketPersistence("memory:", update_interval=1.5).update_interval == 1.5
    assert BucketPersistence("memory:").update_interval == 60


async def test_without_a_bot_nothing_works_and_says_so():
    with pytest.raises(ConfigurationError, match="is not attached to a bot yet"):
        await BucketPersistence("memory:").get_user_data()


def test_another_bot_needs_another_persistence():
    persistence = BucketPersistence("memory:")
    persistence.set_bot(ExtBot("1:x"))
    persistence.set_bot(ExtBot("1:renewed"))
    with pytest.raises(ConfigurationError, match="attached to bot 1, so it can't be used for bot 2"):
        persistence.set_bot(ExtBot("2:x"))


def test_a_token_without_an_id_is_refused_and_not_shown():
    with pytest.raises(ConfigurationError) as caught:
        BucketPersistence("memory:").set_bot(ExtBot("verysecrettoken"))
    assert "verysecret" not in str(caught.value)


def test_the_uri_comes_from_the_environment(monkeypatch):
    monkeypatch.delenv("PTB_BUCKET_URI", raising=False)
    with pytest.raises(ConfigurationError, match="PTB_BUCKET_URI"):
        BucketPersistence()
    monkeypatch.setenv("PTB_BUCKET_URI", "memory:from-env?layout=per-type&codec=pickle")
    location = BucketPersistence()._session.location
    assert (location.layout.name, location.codec.name, location.uri.bucket) == ("per-type", "pickle", "from-env")


@pytest.mark.parametrize(
    ("uri", "options", "message"),
    [
        ("memory:?layout=double", {}, "single, per-type"),
        ("memory:?codec=yaml", {}, "json"),
        ("memory:?layout=single", {"layout": "per-type"}, "Remove one of the two"),
        ("memory:?colour=red", {}, "colour.*codec.*layout"),
        ("nowhere://x/y", {}, "nowhere"),
        ("just-a-name", {}, "scheme"),
        ("memory:{bot}", {}, "placeholder"),
        (17, {}, "URI, a path or a store"),
    ],
)
def test_wrong_places_are_refused_at_once(uri, options, message):
    with pytest.raises(ConfigurationError, match=message):
        BucketPersistence(uri, **options)


async def test_bot_id_in_the_uri_keeps_bots_apart(tmp_path):
    uri = f"file:{tmp_path}/{{bot_id}}"
    for bot_id in ("111", "222"):
        persistence = BucketPersistence(uri)
        persistence.set_bot(ExtBot(f"{bot_id}:x"))
        await persistence.update_bot_data({"me": bot_id})
        await persistence.flush()
    assert (tmp_path / "111" / "state.json").exists()
    assert (tmp_path / "222" / "state.json").exists()
