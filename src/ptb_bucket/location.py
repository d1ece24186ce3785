"""The location of a bot's state, combined from arguments, URI options and the environment."""

from __future__ import annotations

import os
from dataclasses import field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import quote

from ptb_bucket._dataclass import dataclass
from ptb_bucket.codecs import check_codec, open_codec
from ptb_bucket.errors import ConfigurationError
from ptb_bucket.sealing import SealedStore, Sealing
from ptb_bucket.state import Kind, open_layout
from ptb_bucket.stores import BlobStore, agreed, open_store, parse_uri, wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from telegram.ext import ContextTypes

    from ptb_bucket.codecs import Codec
    from ptb_bucket.state import Layout, Resolver
    from ptb_bucket.stores import StoreUri

__all__ = [
    "BOT_ID",
    "DEFAULTS",
    "ENVIRONMENT",
    "CodecName",
    "LayoutName",
    "Location",
    "checked_count",
    "checked_interval",
    "checked_resolver",
    "checked_sealing",
    "checked_seconds",
    "checked_spool_dir",
    "defaults_of",
    "differing",
    "locate",
    "with_own_types",
]

ENVIRONMENT = "PTB_BUCKET_URI"
BOT_ID = "{bot_id}"
LayoutName = Literal["single", "per-type", "per-record"]
CodecName = Literal["json", "pickle"]
DEFAULTS = {"layout": "single", "codec": "json"}


@dataclass(frozen=True)
class Location:
    """The location of a bot's state, with its layout, codec and sealing.

    Attributes:
        layout: The layout.
        codec_name: The codec's name.
        types: The classes that the codec knows.
        uri: The URI of the store that this library opens and closes; None if the caller passed a store.
        store: The store that the caller passed and closes; None if there is a URI.
        sealing: The settings for sealing.
        said: The layout and codec that were chosen explicitly, by their names. Defaults are not included.
        whole: The URI with all of its options.
    """

    layout: Layout
    codec_name: str
    types: tuple[Any, ...] = ()
    uri: StoreUri | None = None
    store: BlobStore | None = field(default=None, repr=False)
    sealing: Sealing = field(default_factory=Sealing)
    said: Mapping[str, str] = field(default_factory=dict)
    whole: StoreUri | None = None

    @cached_property
    def codec(self) -> Codec:
        """The codec. It is made at its first use, because a tool may not need it."""
        return open_codec(self.codec_name, self.types)

    def command(self, verb: str, bot_id: str) -> str:
        """Return the shell command that runs a verb on this location. Without a URI, it has the word URI instead."""
        if self.whole is None:
            return f"ptb-bucket {verb} URI"
        from shlex import quote as quoted  # noqa: PLC0415  only messages need it

        options = {**self.whole.options, **self.said}
        return f"ptb-bucket {verb} {quoted(f'{_of_bot(replace(self.whole, options=options), bot_id)}')}"

    def checked_bot_id(self, bot_id: str | None) -> str:
        """Return the ID of the bot whose state a tool opens; an empty text accepts any bot.

        Raises:
            ConfigurationError: The URI contains ``{bot_id}``, and the ID is None.
        """
        if bot_id is None and self.uri is not None and BOT_ID in f"{self.uri}":
            raise ConfigurationError(
                "The URI contains {bot_id}, but the bot ID is unknown. Pass --bot-id, or set TELEGRAM_BOT_TOKEN."
            )
        return bot_id or ""

    def place(self, bot_id: str) -> str:
        """Return how messages name the place of one bot's state. Opening a store sends no request."""
        return self.below(bot_id).describe("state")

    def open(self, bot_id: str) -> BlobStore:
        """Open the store of one bot, whose ID replaces ``{bot_id}``. Documents are unsealed; see :meth:`sealed`."""
        return self.sealed(self.below(bot_id), bot_id)

    def sealed(self, store: BlobStore, bot_id: str) -> BlobStore:
        """Return a store that seals and unseals one bot's documents; an empty ID takes that of the first document."""
        return SealedStore(store, self.sealing.sealer(bot_id))

    def below(self, bot_id: str) -> BlobStore:
        """Open the store of one bot, which returns documents as they are stored."""
        if self.store is not None:
            return wrapped(self.store)
        if self.uri is None:
            raise AssertionError(
                "The location has neither a store nor a URI. This is a bug in ptb-bucket. Please report it."
            )
        return wrapped(open_store(_of_bot(self.uri, bot_id)))


def _of_bot(uri: StoreUri, bot_id: str) -> StoreUri:
    return replace(uri, bucket=uri.bucket.replace(BOT_ID, bot_id), prefix=uri.prefix.replace(BOT_ID, bot_id))


def locate(
    where: str | os.PathLike[str] | BlobStore | None, layout: str | None, codec: str | None, types: Iterable[Any],
    sealing: Sealing | None = None,
) -> Location:  # fmt: skip
    """Combine arguments and URI, and check them without sending a request.

    Raises:
        ConfigurationError: An option is missing, wrong, or given twice with different values.
    """
    if isinstance(where, os.PathLike):
        where = str(parse_uri(f"file:{quote(os.fspath(Path(where).absolute()))}"))
    given = {"layout": layout, "codec": codec}
    sealing = checked_sealing(sealing)
    if isinstance(where, BlobStore):
        return _location(given, types, store=where, sealing=sealing)
    uri = parse_uri(_text(where))
    options = dict(uri.options)
    chosen = {name: agreed(name, argument, options.pop(name, None)) for name, argument in given.items()}
    sealing = sealing.joined({name: options.pop(name) for name in Sealing.OPTIONS if name in options})
    location = _location(chosen, types, uri=replace(uri, options=options), sealing=sealing, whole=uri)
    _check_placeholders(location.uri)
    location.below("0")  # opening sends no request, and reports a wrong URI before the bot is built
    return location


def _location(chosen: Mapping[str, str | None], types: Iterable[Any], **where: Any) -> Location:
    said = {name: value for name, value in chosen.items() if value}
    settled, types = {**DEFAULTS, **said}, tuple(types)
    check_codec(settled["codec"])
    location = Location(open_layout(settled["layout"]), settled["codec"], types, said=said, **where)
    if types:
        _ = location.codec  # it refuses wrong types now, and not at the first save
    return location


def _check_placeholders(uri: StoreUri | None) -> None:
    rest = f"{uri}".replace(BOT_ID, "")
    if "{" in rest or "}" in rest:
        raise ConfigurationError(
            "The URI contains an unsupported placeholder. Use only {bot_id}, which stands for the bot ID."
        )


def _text(where: str | None) -> str:
    uri = os.environ.get(ENVIRONMENT, "") if where is None else where
    if not isinstance(uri, str):
        raise ConfigurationError(f"Expected a URI, a path or a store, not {type(uri).__name__}.")
    if not uri:
        raise ConfigurationError(
            "No bucket is configured. Pass a URI such as 's3://my-bucket/my-bot' or 'file:./bot-data', or set "
            f"{ENVIRONMENT}."
        )
    return uri


def checked_seconds(name: str, seconds: float | None, *, above_zero: bool = False) -> float:
    """Return a checked number of seconds.

    Raises:
        ConfigurationError: It is not a number, or is negative; or it is zero, and ``above_zero`` is true.
    """
    number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
    if not number or not (seconds > 0 if above_zero else seconds >= 0):  # type: ignore[operator]
        bound = "more than 0" if above_zero else "0 or more"
        raise ConfigurationError(f"{name} must be a number of seconds ({bound}), not {seconds!r}.")
    return float(seconds)  # type: ignore[arg-type]


def checked_count(name: str, number: int) -> int:
    """Return a checked whole number.

    Raises:
        ConfigurationError: It is not a whole number of at least 1.
    """
    if type(number) is not int or number < 1:
        raise ConfigurationError(f"{name} must be an integer of at least 1, not {number!r}.")
    return number


def checked_interval(seconds: float) -> float:
    """Return the checked update interval. With 0, PTB would save without pauses.

    Raises:
        ConfigurationError: It is not a positive number.
    """
    try:
        return checked_seconds("update_interval", seconds, above_zero=True)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"{error} With 0, PTB would save in an endless loop. Pass 60, or 1 to save almost immediately."
        ) from None


def checked_sealing(sealing: Sealing | None) -> Sealing:
    """Return the checked sealing settings. Missing settings come from the environment.

    Raises:
        ConfigurationError: It is not a Sealing, or the keys in the environment are invalid.
    """
    if sealing is None:
        return Sealing()
    if not isinstance(sealing, Sealing):
        raise ConfigurationError("sealing must be a ptb_bucket.Sealing object.")
    return sealing


def checked_resolver(resolver: Resolver) -> Resolver:
    """Return a checked resolver.

    Raises:
        ConfigurationError: It cannot be called.
    """
    if not callable(resolver):
        raise ConfigurationError("resolver must be a function that takes a Conflict, such as ptb_bucket.keep_ours.")
    return resolver


def checked_spool_dir(where: str | os.PathLike[str] | None) -> Path | None:
    """Return the spool directory as an absolute path, so that changing the working directory does not affect it.

    Raises:
        ConfigurationError: It is not a path.
    """
    if where is None:
        return None
    if not isinstance(where, (str, os.PathLike)) or not os.fspath(where):
        raise ConfigurationError(f"spool_dir must be the path to a local directory, not {type(where).__name__}.")
    return Path(where).absolute()


_BUILT_IN: Final = {"builtins", "collections"}


def defaults_of(context_types: ContextTypes[Any, Any, Any, Any] | None) -> dict[Kind, Callable[[], Any]]:
    """Return functions that create the values of absent bot, chat and user data."""
    if context_types is None:
        return dict.fromkeys((Kind.BOT, Kind.CHAT, Kind.USER), dict)
    known = context_types
    return {Kind.BOT: known.bot_data, Kind.CHAT: known.chat_data, Kind.USER: known.user_data}


def differing(ours: Mapping[Kind, Callable[[], Any]], theirs: Mapping[Kind, Callable[[], Any]]) -> str:
    """Return an error text about the kinds of data in which a persistence and its application differ."""
    kinds = [
        f"{kind.value} is {_named(ours[kind])} for the persistence and {_named(theirs[kind])} for the application"
        for kind in ours
        if ours[kind] != theirs[kind]
    ]
    return (
        f"BucketPersistence has different context types than the application: {'; '.join(kinds)}. Pass them only to "
        "the application with .context_types(...), and create a separate BucketPersistence for it without "
        "context_types."
    )


def _named(make: Callable[[], Any]) -> str:
    return getattr(make, "__qualname__", type(make).__qualname__)


def with_own_types(types: Iterable[Any], defaults: Mapping[Kind, Callable[[], Any]]) -> list[Any]:
    """Return the given types and the classes of the context types, which the codec has to know, too."""
    given = list(types)
    if not given and all(cls is dict for cls in defaults.values()):
        return []
    from ptb_bucket.codecs import StoredAs  # noqa: PLC0415  a tool may not need it

    known = {item.cls if isinstance(item, StoredAs) else item for item in given}
    own = [cls for cls in dict.fromkeys(defaults.values()) if isinstance(cls, type)]
    return [*given, *(cls for cls in own if cls.__module__ not in _BUILT_IN and cls not in known)]
