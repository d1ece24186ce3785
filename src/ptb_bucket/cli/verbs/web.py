"""``ptb-bucket web``: look inside a bot's state with a browser."""

from __future__ import annotations

import asyncio
import getpass
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ptb_bucket import tools
from ptb_bucket.cli.options import UriCommand, with_bot_id, with_output, with_types
from ptb_bucket.errors import ConfigurationError
from ptb_bucket.tools import open_state

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from ptb_bucket.cli.output import Output
    from ptb_bucket.tools import State

__all__ = ["command"]

PASSWORD: Final = "PTB_BUCKET_WEB_PASSWORD"  # noqa: S105  the name of a variable
_SHORTEST: Final = 12
_EXAMPLES = """\b
Example: ptb-bucket web s3://my-bucket/my-bot
         ptb-bucket web s3://my-bucket/my-bot --write --author alice
         ptb-bucket web bot.pickle"""


class _WebCommand(UriCommand):
    """A verb that takes a URI or a file of PicklePersistence."""

    def names_place(self, given: str) -> bool:
        """Tell whether the first argument is a URI or a file."""
        return super().names_place(given) or uri_is_file(given)


@click.command(cls=_WebCommand, name="web", epilog=_EXAMPLES)
@click.argument("uri")
@click.option("--write", is_flag=True, help="Allow changes. By default, the pages are read-only.")
@click.option("--mask", is_flag=True, help="Hide values until you click them, for example while you share your screen.")
@click.option("--host", default="127.0.0.1", show_default=True,
              help=f"The address to listen on. If others can reach it, set a password in {PASSWORD}.")  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), default=8321, show_default=True,
              help="The port to listen on. 0 picks a free one.")  # fmt: skip
@click.option("--author", metavar="NAME", help="Your name in the commits of your changes. Default: your user name.")
@with_types
@with_bot_id
@with_output
def command(  # noqa: PLR0913  what click gives
    uri: str, *, write: bool, mask: bool, host: str, port: int, author: str | None,
    types: list[Any], bot_id: str | None, output: Output,
) -> None:  # fmt: skip
    """Show a bot's state in your browser: people, conversations, timers, and their history.

    URI is the location of the state, or a PicklePersistence file. The server runs on this computer. Its address is
    printed here, with a token that works once. It runs no code from the state. This is safe while the bot runs. Press
    Ctrl-C to stop the server.
    """
    try:
        from ptb_bucket.web import Settings, is_loopback, serve  # noqa: PLC0415  needs the extra
    except ModuleNotFoundError as error:
        if error.name not in {"starlette", "jinja2", "uvicorn"}:
            raise
        raise click.UsageError(
            "'web' requires the extra [web]. Run: pip install 'ptb-bucket[web]' (in a checkout: pip install '.[web]')."
        ) from None
    password = os.environ.get(PASSWORD, "")
    if not is_loopback(host) and len(password) < _SHORTEST:
        raise ConfigurationError(
            f"With --host {host}, other computers can reach the page. Set a password of at least {_SHORTEST} "
            f"characters in {PASSWORD}, or omit --host and use an SSH tunnel."
        )
    settings = Settings(_shown(uri), write, mask, f"web:{_author(author)}")

    def announce(address: str) -> None:
        output.result({"address": address}, lambda: output.line(f"Open {address}"))
        sys.stdout.flush()  # a pipe would keep it until the end

    async def run() -> None:
        async with _opened(uri, bot_id, types, settings.author) as state:
            if uri_is_file(uri) and write:
                raise ConfigurationError(
                    f"{uri} is a PicklePersistence file, which can't be changed here. Omit --write."
                )
            await serve(state, settings, host=host, port=port, password=password, announce=announce)

    asyncio.run(run())


def uri_is_file(uri: str) -> bool:
    """Tell whether the argument is the path of a file, and not a URI."""
    return not re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", uri) and Path(uri).is_file()


def _opened(uri: str, bot_id: str | None, types: list[Any], author: str) -> AbstractAsyncContextManager[State]:
    if uri_is_file(uri):
        return tools.open_memory_file(Path(uri), bot_id=bot_id or "0")
    return open_state(uri, types=types, bot_id=bot_id, keep_unknown=True, author=author)


def _shown(uri: str) -> str:
    """Return the URI without its options, which may name an endpoint or a path that pages need not show."""
    return uri.partition("?")[0]


def _author(author: str | None) -> str:
    if author is None:
        try:
            author = getpass.getuser()
        except (KeyError, OSError):
            author = "somebody"
        author = re.sub(r"[^\w.@-]", "-", author)[:40] or "somebody"
    if not re.fullmatch(r"[\w.@-]{1,40}", author):
        raise click.BadParameter("--author can have at most 40 characters: letters, digits and . @ _ -")
    return author
