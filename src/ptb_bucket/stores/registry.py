"""Opening a store from a URI, through the entry points of the installed providers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ptb_bucket._entry_points import entry_points
from ptb_bucket.errors import ConfigurationError
from ptb_bucket.stores import wrappers
from ptb_bucket.stores.base import BlobStore
from ptb_bucket.stores.options import did_you_mean
from ptb_bucket.stores.uri import StoreUri, parse_uri

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptb_bucket._entry_points import EntryPoint
__all__ = ["GROUP", "missing_extra", "open_store"]

GROUP: Final = "ptb_bucket.providers"
_KNOWN: Final[Mapping[str, str]] = {"s3": "s3", "gs": "gcs"}
"""The schemes of our own providers → their folder, which is also the extra that installs them."""

_BOTS: Final[Mapping[str, str]] = {
    "layout": "bot state: which records share a document",
    "codec": "bot state: how records are written",
    "compression": "bot state: none, gzip or zstd",
    "max_size": "bot state: maximum size of a decompressed document in bytes",
}
"""The URI options of a bot's state. The code that opens a state removes them before it opens the store."""


def open_store(uri: str | StoreUri) -> BlobStore:
    """Open the store that a URI describes, without any request. The caller closes it.

    Only the provider for the URI is imported.

    Args:
        uri: A URI such as ``s3://bucket/prefix?region=eu-west-1``, ``file:./bot-data`` or ``memory:``, or a parsed one.

    Returns:
        The store. If the URI has a prefix, keys are relative to it.

    Raises:
        ConfigurationError: The URI is malformed, its scheme or an option is unknown, or the provider cannot be
            imported. The message says what to do.

    >>> open_store("memory:").describe("state.json")
    'state.json in memory'
    """
    uri = parse_uri(uri) if isinstance(uri, str) else uri
    provider = _load(_find(uri.scheme))
    _check_options(uri, provider)
    store = provider.from_uri(uri)
    return wrappers.PrefixStore(store, uri.prefix) if uri.prefix else store


def missing_extra(scheme: str) -> str | None:
    """Return the extra that installs the provider for a scheme; None if it is installed or we have none for it."""
    return None if entry_points(group=GROUP, name=scheme) else _KNOWN.get(scheme)


def _find(scheme: str) -> EntryPoint:
    # A distribution can be on the path twice; only different classes contradict each other.
    found = {entry.value: entry for entry in entry_points(group=GROUP, name=scheme)}
    if not found:
        raise ConfigurationError(_unknown_scheme(scheme))
    if len(found) > 1:
        raise ConfigurationError(
            f"More than one provider is installed for {scheme}: URIs ({', '.join(sorted(found))}). Uninstall all but "
            "one."
        )
    return next(iter(found.values()))


def _unknown_scheme(scheme: str) -> str:
    installed = sorted({entry.name for entry in entry_points(group=GROUP)})
    message = f"No provider is installed for {scheme}: URIs. Installed: {', '.join(installed)}."
    return message + "".join(
        f" For {name}: pip install 'ptb-bucket[{folder}]' (in a checkout: pip install . ./providers/{folder})."
        for name, folder in _KNOWN.items()
        if name not in installed
    )


def _load(entry: EntryPoint) -> type[BlobStore]:
    try:
        provider: object = entry.load()
    except Exception as exc:
        raise ConfigurationError(
            f"The provider for {entry.name}: URIs ({entry.value}) could not be imported: {exc}. Reinstall it."
        ) from exc
    if not (isinstance(provider, type) and issubclass(provider, BlobStore)):
        raise ConfigurationError(f"The provider for {entry.name}: URIs ({entry.value}) is not a BlobStore class.")
    return provider


def _check_options(uri: StoreUri, provider: type[BlobStore]) -> None:
    if unknown := sorted(uri.options.keys() - provider.OPTIONS.keys()):
        known = {**provider.OPTIONS, **_BOTS}
        valid = "; ".join(f"{name} ({text})" for name, text in sorted(known.items()))
        raise ConfigurationError(
            f"{uri.scheme}: URIs do not support the option "
            f"{', '.join(map(repr, unknown))}.{did_you_mean(unknown, known)} Valid options: {valid}."
        )
