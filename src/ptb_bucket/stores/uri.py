"""Parsing of store URIs, which name a place and options but never a secret.

No message repeats the URI or a value from it, because either may contain a secret by mistake.
"""

from __future__ import annotations

import string
from dataclasses import field
from typing import TYPE_CHECKING, Final, NoReturn
from urllib.parse import quote, unquote_to_bytes

from ptb_bucket._dataclass import dataclass
from ptb_bucket.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["StoreUri", "parse_uri"]

_EXAMPLES: Final[Mapping[str, str]] = {
    "file": "file:./bot-data or file:///var/lib/bot",
    "memory": "memory: or memory:NAME",
}
_LETTERS: Final = frozenset(string.ascii_letters)
_SIGNS: Final = _LETTERS.union(string.digits)
_CONTROL: Final = frozenset(map(chr, (*range(0x20), 0x7F)))
_HEX: Final = frozenset(string.hexdigits)
_SECRETS: Final = (
    "secret", "token", "passw", "pwd", "credential", "signature", "auth", "accesskey", "apikey", "privatekey",
    "accountkey", "signingkey", "encryptionkey", "sharedkey",
)  # fmt: skip
_READABLE: Final = "/{}:@!$()*,;=~"


@dataclass(frozen=True)
class StoreUri:
    """A parsed store URI. Its ``str()`` is the canonical form, which parses to an equal URI.

    ``s3://bucket/some/prefix?region=x`` has the bucket ``bucket`` and the prefix ``some/prefix/``.
    ``file:./dir`` and ``memory:name`` have no prefix, and the rest in ``bucket``.

    Args:
        scheme: The kind of store, in lower case.
        bucket: The bucket, directory or name.
        prefix: The start of every key; it ends in a slash unless it is empty.
        options: The options: name → value.
    """

    scheme: str
    bucket: str
    prefix: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        where = f"{self.scheme}:{'' if self.scheme in _EXAMPLES else '//'}{quote(self.bucket, safe=_READABLE)}"
        if self.prefix:
            where += "/" + quote(self.prefix.removesuffix("/"), safe=_READABLE)
        pairs = (f"{quote(name)}={quote(value, safe='/:{},@')}" for name, value in sorted(self.options.items()))
        options = "&".join(pairs)
        return f"{where}?{options}" if options else where


def parse_uri(text: str) -> StoreUri:
    """Parse a store's URI.

    Args:
        text: ``scheme://bucket/prefix?option=value``, ``file:./directory``, ``file:///directory``, ``memory:`` or
            ``memory:NAME``. Percent-escapes are decoded in paths, prefixes and options.

    Returns:
        The parts, normalised.

    Raises:
        ConfigurationError: The URI is malformed or contains credentials, which the message never repeats.

    >>> uri = parse_uri("s3://my-bucket/my-bot?region=eu-west-1")
    >>> uri.bucket, uri.prefix, dict(uri.options)
    ('my-bucket', 'my-bot/', {'region': 'eu-west-1'})
    """
    if text != text.strip() or not _CONTROL.isdisjoint(text):
        _refuse("has a control character, or a space at its start or end")
    scheme, colon, rest = text.partition(":")
    if not (colon and _LETTERS.issuperset(scheme[:1]) and _is_name(scheme, "+.-")):
        _refuse("does not start with a scheme. For a directory, use file:./directory")
    scheme = scheme.lower()
    if len(scheme) == 1:
        _refuse("starts with a drive letter, which is not supported, instead of a scheme")
    if "#" in text:
        _refuse("has a fragment. Use %23 for #", scheme)
    where, _, query = rest.partition("?")
    options = _options(query, scheme)
    bucket, prefix = _path_only(scheme, where) if scheme in _EXAMPLES else _bucket_and_prefix(scheme, where)
    return StoreUri(scheme, bucket, prefix, options)


def _is_name(text: str, signs: str) -> bool:
    """Tell whether a text has only ASCII letters, digits and these signs, which it does not begin with."""
    return _SIGNS.issuperset(text[:1]) and _SIGNS.union(signs).issuperset(text) and text != ""


def _refuse(problem: str, scheme: str = "s3") -> NoReturn:
    example = _EXAMPLES.get(scheme, f"{scheme}://bucket/prefix?option=value")
    raise ConfigurationError(f"The store URI {problem}. Example of a valid URI: {example}")


def _path_only(scheme: str, where: str) -> tuple[str, str]:
    if where.startswith("//"):
        if scheme == "memory":
            _refuse("has // after the scheme", scheme)
        if not where.startswith("///"):
            _refuse("has a host before the path. Remove it", scheme)
    path = _decode(where, scheme)
    if scheme == "file":
        path = _directory(path)
    return path, ""


def _directory(path: str) -> str:
    if not path:
        _refuse("has no directory", "file")
    letter, colon = path.lstrip("/")[:1], path.lstrip("/")[1:2]
    if letter in _LETTERS and colon in {":", "|"}:
        _refuse("has a drive letter, which is not supported. Use a relative path", "file")
    if path.startswith("~"):
        _refuse("starts with ~, which only a shell expands. Use the full path", "file")
    # More slashes at the start would be parsed as a host the next time.
    return "/" + path.lstrip("/") if path.startswith("/") else path


def _bucket_and_prefix(scheme: str, where: str) -> tuple[str, str]:
    if not where.startswith("//"):
        _refuse("has no // before the bucket", scheme)
    bucket, _, path = where[2:].partition("/")
    if "@" in bucket:
        _refuse("has credentials before the bucket. Move them to the cloud's own configuration", scheme)
    if not bucket:
        _refuse("has no bucket name", scheme)
    if not _is_name(bucket, "._-"):
        _refuse("has a bucket name with characters other than letters, digits, dots, dashes and underscores", scheme)
    prefix = _decode(path, scheme).strip("/")
    if {".", ".."} & set(prefix.split("/")):
        _refuse("has . or .. in its prefix, which means nothing in a bucket", scheme)
    return bucket, prefix and prefix + "/"


def _options(query: str, scheme: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for pair in query.split("&") if query else ():
        name, equals, value = (_decode(part, scheme) for part in pair.partition("="))
        if not (name and equals):
            _refuse("has an option that is not name=value", scheme)
        letters = "".join(filter(_LETTERS.__contains__, name.lower()))
        if any(word in letters for word in _SECRETS):
            _refuse("has credentials in an option. Move them to the cloud's own configuration", scheme)
        if name in options:
            _refuse(f"has the option {name!r} twice", scheme)
        options[name] = value
    return options


def _decode(text: str, scheme: str) -> str:
    if not all(len(part) > 1 and _HEX.issuperset(part[:2]) for part in text.split("%")[1:]):
        _refuse("has a % that does not start an escape. Write % as %25", scheme)
    try:
        decoded = unquote_to_bytes(text).decode()
    except UnicodeError:
        decoded = "\0"
    if not _CONTROL.isdisjoint(decoded):
        _refuse("has an escaped control character, or an escape that is not UTF-8", scheme)
    return decoded
