"""The common arguments of the verbs: the URI, which may come from the environment, and shared options."""

from __future__ import annotations

import contextlib
import functools
import importlib
import itertools
import os
import re
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ptb_bucket.cli.output import Output
from ptb_bucket.location import ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "AgeType",
    "RecordCommand",
    "TimeType",
    "UriCommand",
    "checked_bot_id",
    "dry_run",
    "with_bot_id",
    "with_output",
    "with_types",
]

TOKEN: Final = "TELEGRAM_BOT_TOKEN"  # noqa: S105  the name of a variable
_NUMBER: Final = re.compile(r"-\.?\d")
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


class UriCommand(click.Command):
    """A verb whose first argument is a URI, which you can omit if ``PTB_BUCKET_URI`` is set."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Insert the environment's URI if the first argument is not a URI."""
        place = self._first_argument(args)
        given = args[place] if place < len(args) else ""
        uri = os.environ.get(ENVIRONMENT)
        if uri and not _URI.match(given):
            args = [*args[:place], uri, *args[place:]]
        return super().parse_args(ctx, args)

    def _first_argument(self, args: list[str]) -> int:
        valued = {
            name
            for option in self.params
            if isinstance(option, click.Option) and not option.is_flag
            for name in option.opts
        }
        place = 0
        while place < len(args) and args[place].startswith("-") and args[place] != "--":
            place += 2 if args[place] in valued else 1
        return place


class RecordCommand(UriCommand):
    """A verb whose arguments are IDs and values. A negative number is not an option."""

    ignore_unknown_options = True

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse unknown options, which click would otherwise accept as arguments here."""
        known = {name for option in self.get_params(ctx) for name in option.opts}
        for word in itertools.takewhile(lambda word: word != "--", args):
            name = word.partition("=")[0]
            if word[:1] == "-" and not _NUMBER.match(word) and name not in known:
                raise click.NoSuchOption(name, ctx=ctx)
        return super().parse_args(ctx, args)


dry_run = click.option("--dry-run", is_flag=True, help="Show what would change, but change nothing.")


def with_output(function: Callable[..., int | None]) -> Callable[..., int | None]:
    """Add ``--json``, and pass an :class:`Output` to the verb as ``output``."""

    @click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
    @functools.wraps(function)
    def wrapped(*args: Any, as_json: bool, **kwargs: Any) -> int | None:
        return function(*args, output=Output(as_json=as_json), **kwargs)

    return wrapped


def with_bot_id(function: Callable[..., int | None]) -> Callable[..., int | None]:
    """Add ``--bot-id``. By default, the ID comes from the token in ``TELEGRAM_BOT_TOKEN``, or is None."""

    @click.option("--bot-id", metavar="ID", help=f"The bot that owns the state. Default: the bot of {TOKEN}, if set.")
    @functools.wraps(function)
    def wrapped(*args: Any, bot_id: str | None, **kwargs: Any) -> int | None:
        found = bot_id or os.environ.get(TOKEN, "").partition(":")[0] or None
        return function(*args, bot_id=checked_bot_id(found, f" ({TOKEN})"), **kwargs)

    return wrapped


def checked_bot_id(given: str | None, token: str = "") -> str | None:
    """Return the ID, or refuse one that is not a number. ``token`` names another source that it may come from."""
    if given is not None and not given.isdigit():
        raise click.BadParameter(
            f"The bot ID must be a number. It is the part of the bot's token before the colon{token}."
        )
    return given


def with_types(function: Callable[..., int | None]) -> Callable[..., int | None]:
    """Add ``--types MODULE:NAME``, and pass the list of classes to the verb as ``types``."""

    @click.option(
        "--types",
        "names",
        metavar="MODULE:NAME",
        multiple=True,
        help="A class of your bot, or a list of classes. You can pass this option more than once.",
    )
    @functools.wraps(function)
    def wrapped(*args: Any, names: tuple[str, ...], **kwargs: Any) -> int | None:
        return function(*args, types=[item for name in names for item in _imported(name)], **kwargs)

    return wrapped


def _imported(name: str) -> list[Any]:
    module, _, attribute = name.partition(":")
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)  # the directory of bot.py; unlike `python -m`, a script on the PATH does not search it
    try:
        with _without_init_phase():
            found: Any = functools.reduce(getattr, attribute.split("."), importlib.import_module(module))
    except (ImportError, AttributeError, ValueError) as error:
        raise click.BadParameter(
            f"--types {name} could not be imported: {error}. Use the form MODULE:NAME, and run the command in a "
            "directory from which MODULE can be imported."
        ) from error
    return list(found) if isinstance(found, (list, tuple, set, frozenset)) else [found]


@contextlib.contextmanager
def _without_init_phase() -> Iterator[None]:
    """Import a module with ``lambda_webhook(...)`` in it, and start no bot."""
    before = os.environ.get(_INIT)
    os.environ[_INIT] = "0"
    try:
        yield
    finally:
        os.environ.pop(_INIT)
        if before is not None:
            os.environ[_INIT] = before


_INIT: Final = "PTB_BUCKET_INIT_SECONDS"
"""The setting of ``ptb_bucket.serverless.aws``, which needs more imports than the command line."""

_PART: Final = re.compile(r"(\d+)([smhdw])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class TimeType(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # generic since click 8.4
    """A time in ISO 8601 with a time zone, or a time ago: ``2h``, ``1d12h``."""

    name = "TIME"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return a datetime with a time zone."""
        if isinstance(value, datetime):
            return value
        text = str(value)
        try:
            length = _length(text)
            found = _iso(text) if length is None else _ago(length)
        except (ValueError, OverflowError) as error:
            self.fail(
                f"{text!r} is not a time ({error}). Write 2026-01-31T18:00:00Z, or 2h for two hours ago.", param, ctx
            )
        if found > datetime.now(timezone.utc):
            self.fail(f"{text!r} is in the future.", param, ctx)
        return found


class AgeType(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # as above
    """A length of time: ``30d``, ``1d12h``."""

    name = "AGE"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return a length of time that does not reach back beyond the calendar."""
        if isinstance(value, timedelta):
            return value
        try:
            found = _length(str(value))
            _ago(found or timedelta())
        except (ValueError, OverflowError):
            found = None
        if found is None:
            self.fail(f"{value!r} is not an age. Write 30d for thirty days, or 1d12h.", param, ctx)
        return found


def _ago(length: timedelta) -> datetime:
    return datetime.now(timezone.utc) - length


def _length(text: str) -> timedelta | None:
    parts = _PART.findall(text)
    if not parts or "".join(map("".join, parts)) != text:
        return None
    return sum((timedelta(**{_UNITS[unit]: int(number)}) for number, unit in parts), timedelta())


def _iso(text: str) -> datetime:
    found = datetime.fromisoformat(re.sub("[Zz]$", "+00:00", text))  # Python 3.10 cannot parse Z
    if found.tzinfo is None:
        raise ValueError("The time has no time zone. Add Z for UTC, or an offset such as +02:00")
    return found
