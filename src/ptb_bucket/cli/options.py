"""The common arguments of the verbs: the URI, which may come from the environment, and shared options."""

from __future__ import annotations

import contextlib
import functools
import importlib
import itertools
import os
import re
import sys
import traceback
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ptb_bucket.bot_state import is_bot_id
from ptb_bucket.cli.console import report_wait
from ptb_bucket.cli.output import Output
from ptb_bucket.location import ENVIRONMENT
from ptb_bucket.stores import did_you_mean
from ptb_bucket.tools import report_waits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = [
    "RecordCommand",
    "UriCommand",
    "VerbCommand",
    "checked_bot_id",
    "dry_run",
    "imported",
    "with_bot_id",
    "with_output",
    "with_types",
]

TOKEN: Final = "TELEGRAM_BOT_TOKEN"  # noqa: S105  the name of a variable
_OURS: Final = (__file__, importlib.__file__, functools.__file__)
_TOKEN: Final = re.compile(r"\d{5,}:[\w-]{20,}")
_NUMBER: Final = re.compile(r"-\.?\d")
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


class VerbCommand(click.Command):
    """A verb that suggests the option that was probably meant instead of an unknown one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse unknown options with a suggestion."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            known = [name for option in self.get_params(ctx) for name in option.opts]
            raise no_such_option(error.option_name, known, ctx) from None


class UriCommand(VerbCommand):
    """A verb whose first argument is a URI, which you can omit if ``PTB_BUCKET_URI`` is set."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Insert the environment's URI if the first argument is not a URI."""
        place = self._first_argument(args)
        given = args[place] if place < len(args) else ""
        uri = os.environ.get(ENVIRONMENT)
        if uri and not self.names_place(given):
            args = [*args[:place], uri, *args[place:]]
        return super().parse_args(ctx, args)

    def names_place(self, given: str) -> bool:
        """Tell whether the first argument is a URI."""
        return bool(_URI.match(given))

    def _first_argument(self, args: list[str]) -> int:
        valued = {
            name
            for option in self.params
            if isinstance(option, click.Option) and not option.is_flag
            for name in option.opts
        }
        place = 0
        while place < len(args) and args[place].startswith("-") and args[place] not in {"-", "--"}:
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
            if word[:1] == "-" and word != "-" and not _NUMBER.match(word) and name not in known:
                raise no_such_option(name, known, ctx)
        return super().parse_args(ctx, args)


def no_such_option(name: str, known: Iterable[str], ctx: click.Context | None) -> click.UsageError:
    """Return the error for an unknown option, with the one that was probably meant."""
    meant = did_you_mean([name.lstrip("-")], {one.lstrip("-").replace("-", "_") for one in known if one[:2] == "--"})
    meant = re.sub("'(.*)'", lambda found: f"--{found[1].replace('_', '-')}", meant)
    return click.UsageError(f"No such option {name!r}.{meant} Run with --help to list all options.", ctx)


dry_run = click.option("--dry-run", is_flag=True, help="Show what would change, but change nothing.")


def with_output(function: Callable[..., int | None]) -> Callable[..., int | None]:
    """Add ``--json`` and ``--quiet``, and pass an :class:`Output` to the verb as ``output``."""

    @click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
    @click.option("-q", "--quiet", is_flag=True, help="Suppress the report, notes and progress.")
    @functools.wraps(function)
    def wrapped(*args: Any, as_json: bool, quiet: bool, **kwargs: Any) -> int | None:
        with report_waits(lambda text: None if quiet else report_wait(text)):
            return function(*args, output=Output(as_json=as_json, quiet=quiet), **kwargs)

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
    if given is not None and not is_bot_id(given):
        raise click.BadParameter(
            f"The bot ID must be a number. It is the part of the bot token before the colon{token}."
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
        return function(*args, types=[item for name in names for item in _each(imported("--types", name))], **kwargs)

    return wrapped


def _each(found: Any) -> list[Any]:
    return list(found) if isinstance(found, (list, tuple, set, frozenset)) else [found]


def imported(option: str, name: str) -> Any:
    """Import what an option names as ``MODULE:NAME``, from the present directory or from what is installed.

    Args:
        option: The option, for errors.
        name: Its value, which comes from the command line and never from a bucket.

    Raises:
        click.BadParameter: It does not exist, or its module raised an error.
    """
    (module, _, attribute), given = name.partition(":"), f"{option} {name}"
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)  # the directory of bot.py; unlike `python -m`, a script on the PATH does not search it
    try:
        with _without_init_phase(), redirect_stdout(sys.stderr):  # what the module prints is not the verb's result
            found: Any = functools.reduce(getattr, attribute.split("."), importlib.import_module(module))
    except (AttributeError, ModuleNotFoundError, ValueError) as error:
        if _raised_in(error):
            raise _broken(given, module, error) from error
        raise click.BadParameter(
            f"{given} could not be imported: {error}. Use the form MODULE:NAME, and run the command from a "
            "directory where MODULE can be imported."
        ) from error
    except (Exception, SystemExit) as error:
        raise _broken(given, module, error) from error
    return found


def _broken(given: str, module: str, error: BaseException) -> click.BadParameter:
    """Return the error for a module that raises while it is imported. Its message may quote a token, so it is cut."""
    text = _TOKEN.sub("[token]", error.msg if isinstance(error, SyntaxError) else str(error)).split("\n")[0]
    said = f"{type(error).__name__}{f': {text}' * bool(text)}".rstrip(".")
    what = "the classes" if given.startswith("--types") else "the function"
    return click.BadParameter(
        f"{given}: importing {module} raised {said}{_raised_in(error)}. Fix the module, or move {what} to a separate "
        "module with no side effects."
    )


def _raised_in(error: BaseException) -> str:
    """Return the line of the bot's code that raised an error; empty if it was raised here or by the import system."""
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [frame for frame in frames if frame.filename not in _OURS and not frame.filename.startswith("<frozen")]
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({Path(error.filename).name}, line {error.lineno})"
    return f" ({Path(theirs[-1].filename).name}, line {theirs[-1].lineno})" if theirs else ""


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
