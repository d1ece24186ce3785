"""A stored value as Python code, to be copied into a program. It is text, and never run here."""

from __future__ import annotations

import json
from typing import Any, Final

from ptb_bucket.errors import ConfigurationError

__all__ = ["python_text", "tag_of"]

_EMPTY: Final = {"set": "set()", "frozenset": "frozenset()", "tuple": "()"}


def python_text(text: str) -> str:
    """Return the Python expression of a value. Names of the bot's classes are in it, and have to be imported.

    Args:
        text: The value in the notation of JSON documents, as ``inspect_record`` returns it.

    Raises:
        ConfigurationError: The text is not JSON.
    """
    try:
        return _python(json.loads(text))
    except (ValueError, RecursionError):
        raise ConfigurationError("The value is not in ptb-bucket's JSON format.") from None


def tag_of(value: Any) -> tuple[str | None, Any]:
    """Return the tag of a value and its payload; None and the value without its label if it has none."""
    if not isinstance(value, dict):
        return None, value
    rest = {key: part for key, part in value.items() if key != "$id"}
    key = next(iter(rest), "")
    is_tag = len(rest) == 1 and key[:1] == "$" and (key[1:2].isalpha() or key[1:2] == "_")
    return (key[1:], rest[key]) if is_tag and key not in ("$true", "$false", "$null") else (None, rest)


def _python(value: Any) -> str:
    tag, body = tag_of(value)
    if tag is None or tag in ("dict", "list"):
        if isinstance(body, dict):
            return "{" + ", ".join(f"{_key(key)}: {_python(part)}" for key, part in body.items()) + "}"
        return f"[{_all(body)}]" if isinstance(body, list) else repr(body)
    if tag in _EMPTY and isinstance(body, list):
        return _collection(tag, body)
    if tag == "telegram" and isinstance(body, list) and isinstance(body[-1], dict):
        shown = {"from_user" if key == "from" else key: part for key, part in body[1].items() if key[:1] != "_"}
        return f"telegram.{body[0]}({_named(shown)})"
    return _other(tag, body)


def _collection(tag: str, body: list[Any]) -> str:
    if not body:
        return _EMPTY[tag]
    inner = _all(body)
    if tag == "tuple":
        return f"({inner},)" if len(body) == 1 else f"({inner})"
    return f"{{{inner}}}" if tag == "set" else f"frozenset({{{inner}}})"


def _other(tag: str, body: Any) -> str:  # noqa: PLR0911  one for each type
    if tag in ("datetime", "date", "time") and isinstance(body, str):
        return f"datetime.{tag}.fromisoformat({body!r})"
    if tag == "timedelta" and isinstance(body, list):
        return f"datetime.timedelta({_all(body)})"
    if tag == "bytes":
        return f"base64.b64decode({body!r})"
    if tag in ("decimal", "float"):
        return f"{'decimal.Decimal' if tag == 'decimal' else 'float'}({body!r})"
    if tag == "deque" and isinstance(body, list) and len(body) == 2:  # noqa: PLR2004  items, maxlen
        return f"collections.deque({_python(body[0])}, {body[1]!r})"
    if tag == "ref":
        return "..."  # the same object as at its $id
    name = tag.replace(":", ".")
    if isinstance(body, dict):
        return f"{name}({_named(body)})"
    return f"{name}({_python(body)})"


def _key(key: str) -> str:
    if key[:1] != "$":
        return repr(key)
    try:
        return _python(json.loads(key[1:]))
    except ValueError:
        return repr(key)


def _all(parts: list[Any]) -> str:
    return ", ".join(map(_python, parts))


def _named(parts: dict[str, Any]) -> str:
    if all(key.isidentifier() for key in parts):
        return ", ".join(f"{key}={_python(part)}" for key, part in parts.items())
    return "**" + _python(parts)
