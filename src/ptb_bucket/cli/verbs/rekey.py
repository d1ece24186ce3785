"""``ptb-bucket rekey``: encrypt or sign a state with other keys, or for the first time."""

from __future__ import annotations

import asyncio
import os
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from ptb_bucket import tools
from ptb_bucket.cli.options import UriCommand, with_bot_id, with_output
from ptb_bucket.errors import ConfigurationError
from ptb_bucket.sealing import UNPROTECTED, VARIABLES, Sealing

if TYPE_CHECKING:
    from ptb_bucket.cli.output import Output
    from ptb_bucket.tools import Rekeyed

__all__ = ["command"]

_OLD = {name: name.replace("PTB_BUCKET_", "PTB_BUCKET_OLD_") for name in VARIABLES.values()}


@click.command(cls=UriCommand, name="rekey", epilog="Example: ptb-bucket rekey s3://my-bucket/my-bot --from-plain")
@click.argument("uri")
@click.option(
    "--from-plain", is_flag=True, help="Accept unprotected documents. Make sure that they were written by your bot."
)
@click.option("--to-plain", is_flag=True, help="Remove the protection if no new keys are set.")
@click.option(
    "--dry-run", is_flag=True, help="Open every document and show which ones would be sealed again, but write nothing."
)
@with_bot_id
@with_output
def command(  # noqa: PLR0913  click passes what the options say
    uri: str, bot_id: str | None, *, from_plain: bool, to_plain: bool, dry_run: bool, output: Output
) -> None:
    """Encrypt or sign every document with the current settings.

    Set the new keys in PTB_BUCKET_ENCRYPTION_KEYS or PTB_BUCKET_SIGNING_KEYS. To rotate keys, list the old ones after
    the new one. To change from signing to encryption or back, set the old keys in PTB_BUCKET_OLD_SIGNING_KEYS or
    PTB_BUCKET_OLD_ENCRYPTION_KEYS. If interrupted, run it again to continue.
    """
    done = asyncio.run(
        tools.rekey(uri, bot_id=bot_id, old=_old(from_plain=from_plain), to_plain=to_plain, dry_run=dry_run)
    )
    output.report(
        {**asdict(done), "dry_run": dry_run}, lambda: _render(done, output, to_plain=to_plain, dry_run=dry_run)
    )


def _old(*, from_plain: bool) -> Sealing | None:
    environment = {name: os.environ[old] for name, old in _OLD.items() if old in os.environ}
    if environment and from_plain:
        raise ConfigurationError("--from-plain and PTB_BUCKET_OLD_..._KEYS are mutually exclusive. Use only one.")
    return Sealing(environment=environment) if environment or from_plain else None


def _render(done: Rekeyed, output: Output, *, to_plain: bool, dry_run: bool) -> None:
    for key in done.written:
        output.line(f"{key}: {'would be ' * dry_run}sealed again")
    is_protected = done.sealing.partition(",")[0] != UNPROTECTED
    for key in done.left:
        output.line(f"{key}: already {'sealed correctly' if is_protected else 'stored as the settings say'}")
    output.line(f"bot {done.bot_id}: protection={done.sealing}", "bold")
    if not is_protected and not to_plain:
        output.note("No keys are set, so the state is not protected. Set the keys, and pass --from-plain.")
