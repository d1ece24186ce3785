"""``ptb-bucket tick``: run the jobs that are due, for cron."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import click

from ptb_bucket import tools
from ptb_bucket._wording import pluralize
from ptb_bucket.cli.console import Code, complain
from ptb_bucket.cli.options import VerbCommand, imported, with_output
from ptb_bucket.location import ENVIRONMENT

if TYPE_CHECKING:
    from ptb_bucket.application.timers import Ticked
    from ptb_bucket.cli.output import Output

__all__ = ["command"]

_EXAMPLES = """\b
Example: ptb-bucket tick --app bot:build_application
         * * * * *  cd bot && ptb-bucket tick --app bot:build_application -q"""


@click.command(cls=VerbCommand, name="tick", epilog=_EXAMPLES)
@click.argument("uri", required=False)
@click.option("--app", "app", metavar="MODULE:NAME", required=True,
              help="The function that builds your bot's application, as for lambda_webhook().")  # fmt: skip
@click.option("--seconds", type=click.FloatRange(min=0), default=50.0, show_default=True,
              help="Start no more jobs after this time. The next tick runs the rest.")  # fmt: skip
@with_output
def command(uri: str | None, app: str, seconds: float, output: Output) -> int:
    """Run a bot's due jobs once, with the bot's own code.

    Run this command every minute. Your application knows where its state is, so URI is optional. If you pass it, your
    application gets it as PTB_BUCKET_URI, and the command refuses an application that keeps its state elsewhere. Your
    bot can run at the same time, and tick on any number of machines.

    Exit codes: 0 all due jobs ran, or time ran out; 1 the bucket, Telegram or your code failed, or a timer could not
    be run; 2 wrong usage or configuration. If a job raises an error, your error handlers get it, and the job is tried
    again later.
    """
    if uri is not None:
        os.environ[ENVIRONMENT] = uri
    ticked = asyncio.run(tools.tick(_function(app), seconds, where=uri))
    errors = [str(error) for error in ticked.errors]
    output.report({"ran": ticked.ran, "left": ticked.left, "errors": errors}, lambda: _render(ticked, output))
    if errors:
        timers = pluralize(len(errors), "timer is due but", "timers are due but")
        return complain(f"{timers} could not be run. First error: {errors[0]}", Code.FAILED)
    return Code.DONE


def _function(app: str) -> Any:
    function = imported("--app", app)
    if not callable(function):
        raise click.BadParameter(
            f"--app {app} is {type(function).__name__}, not a function. Name the function that builds the application, "
            "without calling it."
        )
    return function


def _render(ticked: Ticked, output: Output) -> None:
    output.line(f"{pluralize(ticked.ran, 'job', 'jobs')} ran", "bold")
    if ticked.left:
        output.line("Some due jobs were left for the next tick because time ran out")
