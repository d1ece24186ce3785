"""Tests of ``bucket_application``: options of both sides, checked at once, and context types that you give once."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field

import pytest
from telegram.ext import ContextTypes, MessageHandler, filters

from ptb_bucket import BucketApplication, BucketApplicationBuilder, BucketPersistence, Sealing, bucket_application
from ptb_bucket.application.builder_options import ApplicationOptions, PersistenceOptions
from ptb_bucket.errors import CannotStoreError, ConfigurationError

TOKEN = "1:a"


@dataclass
class Profile:
    words: list = field(default_factory=list)


@dataclass
class Other:
    words: list = field(default_factory=list)


TYPES = ContextTypes(user_data=Profile)


async def remember(update, context):
    context.user_data.words.append(update.message.text)


def offline(builder, telegram):
    source = telegram.builder()
    return builder.token(telegram.token).request(source._request).get_updates_request(source._get_updates_request)


def own_options(cls):
    parameters = inspect.signature(cls).parameters.values()
    return {one.name: one.annotation for one in parameters if one.kind is inspect.Parameter.KEYWORD_ONLY}


def typed_options(cls):
    return {name: hint.__forward_arg__ for name, hint in cls.__annotations__.items()}


def test_the_typed_options_are_those_of_the_classes():
    of_persistence = own_options(BucketPersistence)
    del of_persistence["context_types"]  # the overloads have it
    assert typed_options(ApplicationOptions) == own_options(BucketApplication)
    assert typed_options(PersistenceOptions) == of_persistence


def test_options_go_where_they_belong(tmp_path):
    def resolver(conflict):
        return conflict.theirs

    builder = bucket_application(
        tmp_path, save="update", cache_size=7, layout="per-record", codec="pickle", types=[Profile], resolver=resolver,
        update_interval=5, sealing=Sealing(compression="gzip"), spool_dir=tmp_path / "spool",
    )  # fmt: skip
    application = builder.token(TOKEN).build()
    persistence = application.persistence
    session = persistence._session
    assert (application.save, persistence.update_interval, session.resolver) == ("update", 5, resolver)
    assert (session.location.layout.name, session.location.codec.name) == ("per-record", "pickle")
    assert (session.spool_dir, session.location.sealing.compression) == (tmp_path / "spool", "gzip")


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("saves", "save"), ("dedup", "dedupe"), ("lay_out", "layout"), ("spool-dir", "spool_dir"), ("type", "types")],
)
def test_a_misspelt_option_is_refused_before_anything_is_built(wrong, right):
    with pytest.raises(ConfigurationError, match=f"unexpected option: '{wrong}'. Did you mean '{right}'"):
        bucket_application("memory:", **{wrong: 1})


def test_an_option_like_none_lists_all():
    with pytest.raises(
        ConfigurationError, match=r"unexpected option: 'zzz'\. BucketApplication options: cache_size"
    ) as told:
        bucket_application("memory:", zzz=1)
    assert "spool_dir" in str(told.value)


def test_options_of_a_persistence_that_is_ready_are_refused():
    with pytest.raises(ConfigurationError, match=r"BucketPersistence\(uri, codec=..., types=...\), or pass the URI"):
        bucket_application(BucketPersistence("memory:"), types=[Profile], codec="json", dedupe=True)


def test_it_is_ptbs_builder_in_all_else():
    builder = bucket_application("memory:")
    assert type(builder.token(TOKEN).context_types(TYPES).concurrent_updates(4)) is BucketApplicationBuilder
    bot = bucket_application("memory:").token(TOKEN).build().bot
    with pytest.raises(RuntimeError, match="may only be set, if no bot instance was set"):
        bucket_application("memory:").bot(bot).read_timeout(5)


@pytest.mark.parametrize("layout", ["single", "per-record"])
@pytest.mark.parametrize("codec", ["json", "pickle"])
@pytest.mark.parametrize(
    "build",
    [
        lambda where, **how: bucket_application(where, **how).context_types(TYPES),
        lambda where, **how: bucket_application(where, context_types=TYPES, **how),
        lambda where, **how: bucket_application(BucketPersistence(where, context_types=TYPES, **how)),
    ],
    ids=["builder", "option", "persistence"],
)
async def test_context_types_are_given_once(world, tmp_path, build, layout, codec):
    for text in ("hi", "again"):
        application = offline(build(tmp_path, layout=layout, codec=codec), world.telegram).build()
        application.add_handler(MessageHandler(filters.ALL, remember))
        async with application:
            await world.ada.send(application, text)
    assert application.user_data[42] == Profile(["hi", "again"])


async def test_they_reach_the_persistence_from_ptbs_own_builder(world, tmp_path):
    builder = world.telegram.builder().application_class(BucketApplication).context_types(TYPES)
    application = builder.persistence(BucketPersistence(tmp_path)).build()
    application.add_handler(MessageHandler(filters.ALL, remember))
    async with application:
        await world.ada.send(application, "hi")
        assert application.persistence.context_types is TYPES
    reader = BucketPersistence(tmp_path, context_types=TYPES)
    reader.set_bot(application.bot)
    assert await reader.get_user_data() == {42: Profile(["hi"])}


def test_what_contradicts_the_application_is_refused_with_the_way_out():
    builder = (
        bucket_application("memory:", context_types=TYPES).token(TOKEN).context_types(ContextTypes(user_data=Other))
    )
    with pytest.raises(ConfigurationError, match="user_data is Profile for the persistence and Other for the") as told:
        builder.build()
    assert "without context_types" in str(told.value)
    assert "chat_data" not in str(told.value)


def test_a_persistence_that_serves_an_application_keeps_its_types():
    persistence = BucketPersistence("memory:")
    for _ in range(2):
        bucket_application(persistence).token(TOKEN).context_types(TYPES).build()
    with pytest.raises(ConfigurationError, match="user_data is Profile for the persistence and dict"):
        bucket_application(persistence).token(TOKEN).context_types(ContextTypes()).build()


async def test_with_ptbs_own_application_the_error_says_what_is_missing(world):
    persistence = BucketPersistence("memory:")
    world.telegram.builder().context_types(TYPES).persistence(persistence).build()
    with pytest.raises(
        CannotStoreError,
        match=r"user_data\[42\] cannot be stored: .* not Profile\. If .*context_types=...[)], or use Bucket",
    ):
        await persistence.update_user_data(42, Profile(["hi"]))
