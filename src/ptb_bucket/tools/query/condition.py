"""A small language for conditions on a record: paths, literals, comparisons, ``and``, ``or`` and ``not``.

::

    premium == true and cart.items[0].price >= 10 or not ("vip" in tags)

It is parsed here, and nothing of it is ever run as Python code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.state import MISSING
from ptb_bucket.tools.edit import steps_of, value_at
from ptb_bucket.tools.query.compare import COMPARISONS, is_true

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ptb_bucket.codecs import JsonCodec

__all__ = ["Condition", "condition_of"]

Test = Callable[[Any], bool]
Operand = Callable[[Any], Any]

_DEEPEST: Final = 50
"""Parentheses and ``not`` within each other."""
_SKIPPED: Final = re.compile(r"\s+")
_SIGN: Final = re.compile(r"==|!=|<=|>=|<|>|\(|\)|=|&&|\|\||!")
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?(?![\w.])")
_TEXT: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'')
_NAME: Final = re.compile(r"[^\W\d][\w-]*")
_CONSTANTS: Final = {"true": True, "false": False, "null": None}
_WORDS: Final = ("and", "or", "not", "in")
_INSTEAD: Final = {"=": "==", "&&": "and", "||": "or", "!": "not"}


class _Token(NamedTuple):
    """A word, a sign, a literal or a path, its position, and how it is written if it is a path."""

    kind: str
    value: Any
    at: int
    text: str = ""


@dataclass(frozen=True)
class Condition:
    """A condition on a record's value. Call it to test one.

    Attributes:
        holds: Tells whether the condition holds. It runs no code of the bot's classes.
        compared: The paths that are compared with other paths, as they are written. If no record has one, it is
            perhaps text that lacks quotes.
    """

    holds: Test
    compared: dict[str, list[Any]]

    def __call__(self, value: Any) -> bool:
        """Tell whether the condition holds for a value."""
        return self.holds(value)

    def unknown_in(self, value: Any, paths: Iterable[str]) -> tuple[str, ...]:
        """Return those of the compared paths that a value does not have."""
        return tuple(path for path in paths if value_at(value, self.compared[path]) is MISSING)


def condition_of(text: str, notation: JsonCodec) -> Condition:
    """Return the condition that a text describes.

    Args:
        text: The text. Paths are as in ``set``; a path alone holds if its value exists and is not false, null, zero or
            empty. A value that does not exist equals null. Values of different types are not equal, and neither is
            less than the other.
        notation: Decodes keys in brackets.

    Returns:
        The condition.

    Raises:
        ConfigurationError: The text is not a condition. The message says where.
    """
    parser = _Parser(text, _tokens(text, notation))
    return Condition(parser.whole(), parser.compared)


def _tokens(text: str, notation: JsonCodec) -> list[_Token]:
    found, at = [], 0
    while at < len(text):
        if space := _SKIPPED.match(text, at):
            at = space.end()
            continue
        token, at = _token(text, at, notation)
        found.append(token)
    return found


def _token(text: str, at: int, notation: JsonCodec) -> tuple[_Token, int]:
    if sign := _SIGN.match(text, at):
        if sign[0] in _INSTEAD:
            raise _wrong(text, at, f"Write {_INSTEAD[sign[0]]} instead of {sign[0]}.")
        return _Token("sign", sign[0], at), sign.end()
    if number := _NUMBER.match(text, at):
        return _Token("literal", _number(text, number), at), number.end()
    if quoted := _TEXT.match(text, at):
        return _Token("literal", _unquoted(text, quoted), at), quoted.end()
    end = _end_of_path(text, at)
    word = text[at:end]
    if word in _WORDS:
        return _Token("word", word, at), end
    if word in _CONSTANTS:
        return _Token("literal", _CONSTANTS[word], at), end
    return _Token("path", steps_of(word, notation), at, word), end


def _number(text: str, number: re.Match[str]) -> Any:
    try:
        return json.loads(number[0])
    except ValueError:
        raise _wrong(
            text, number.start(), "This is not a number in JSON. Put text and times in double quotes."
        ) from None


def _unquoted(text: str, quoted: re.Match[str]) -> str:
    if quoted[0][0] == "'":
        return quoted[0][1:-1]
    try:
        return str(json.loads(quoted[0]))
    except ValueError:
        raise _wrong(text, quoted.start(), "This is not a valid JSON string.") from None


def _end_of_path(text: str, start: int) -> int:
    at = start
    while at < len(text):
        name = _NAME.match(text, at + (text[at] == "." and at > start))
        if text[at] == "[":
            at = _end_of_bracket(text, at)
        elif name and (at == start or text[at] == "."):
            at = name.end()
        else:
            break
    if at == start:
        raise _wrong(text, at, "Expected a path, a value or a parenthesis.")
    return at


def _end_of_bracket(text: str, at: int) -> int:
    try:
        _, end = json.JSONDecoder().raw_decode(text, at + 1)
    except (ValueError, RecursionError):
        end = len(text)
    if text[end : end + 1] != "]":
        raise _wrong(text, at, 'Keys in brackets must be JSON: [0] or ["a.b"].')
    return end + 1


class _Parser:
    """A parser by recursive descent: one method for each level of precedence, the weakest first."""

    def __init__(self, text: str, tokens: list[_Token]) -> None:
        self._text, self._tokens, self._at, self._depth = text, tokens, 0, 0
        self.compared: dict[str, list[Any]] = {}

    def whole(self) -> Test:
        """Return the test of the whole text."""
        found = self._any_of()
        if self._at < len(self._tokens):
            raise self._wrong(why="Expected 'and', 'or' or the end. Put text and times in double quotes.")
        return found

    def _any_of(self) -> Test:
        parts = [self._all_of()]
        while self._take("word", "or"):
            parts.append(self._all_of())
        return parts[0] if len(parts) == 1 else lambda value: any(part(value) for part in parts)

    def _all_of(self) -> Test:
        parts = [self._one()]
        while self._take("word", "and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda value: all(part(value) for part in parts)

    def _one(self) -> Test:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._wrong(why=f"Parentheses and 'not' can be nested at most {_DEEPEST} deep.")
        found = self._negated() if self._take("word", "not") else self._grouped_or_compared()
        self._depth -= 1
        return found

    def _negated(self) -> Test:
        inner = self._one()
        return lambda value: not inner(value)

    def _grouped_or_compared(self) -> Test:
        if not self._take("sign", "("):
            return self._compared()
        inner = self._any_of()
        if not self._take("sign", ")"):
            raise self._wrong(why="Missing closing parenthesis.")
        return inner

    def _compared(self) -> Test:
        first, sign = self._operand(), self._comparison()
        left = _reader(first)
        if sign is None:
            return lambda value: is_true(left(value))
        second, holds = self._operand(), COMPARISONS[sign]
        right = _reader(second)
        if first.kind == second.kind == "path":
            self.compared |= {first.text: first.value, second.text: second.value}
        return lambda value: holds(left(value), right(value))

    def _comparison(self) -> str | None:
        if self._take("word", "in"):
            return "in"
        if self._next("word") == "not":
            self._at += 1
            if not self._take("word", "in"):
                raise self._wrong(why="After a value, 'not' can only be followed by 'in'.")
            return "not in"
        sign = self._next("sign")
        if sign not in COMPARISONS:
            return None
        self._at += 1
        return str(sign)

    def _operand(self) -> _Token:
        token = self._tokens[self._at] if self._at < len(self._tokens) else None
        if token is None or token.kind not in {"path", "literal"}:
            raise self._wrong(why="Expected a path or a value.")
        self._at += 1
        return token

    def _next(self, kind: str) -> Any:
        token = self._tokens[self._at] if self._at < len(self._tokens) else None
        return token.value if token and token.kind == kind else None

    def _take(self, kind: str, value: str) -> bool:
        taken = bool(self._next(kind) == value)
        self._at += taken
        return taken

    def _wrong(self, why: str) -> ConfigurationError:
        at = self._tokens[self._at].at if self._at < len(self._tokens) else len(self._text)
        return _wrong(self._text, at, why)


def _reader(token: _Token) -> Operand:
    """Return a function that reads an operand from a record's value."""
    return (lambda value: value_at(value, token.value)) if token.kind == "path" else lambda _: token.value


def _wrong(text: str, at: int, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"The condition {text!r} is invalid at character {at + 1}. {why} Example: 'premium == true and age >= 18'."
    )
