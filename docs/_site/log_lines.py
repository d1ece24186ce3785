"""The meaning of each line of the log, and what to do about it, where the line itself does not say so.

The keys are the messages as ``list_messages.py`` finds them, with an ellipsis for each value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_CAUSE: Final = "The end of the line names the cause: search this page for it."
_BUCKET: Final = f"{_CAUSE} If it is the bucket, run `ptb-bucket check URI`."
_TELEGRAM: Final = (
    "If it is `NetworkError` or `TimedOut`, Telegram could not be reached; if `InvalidToken`, the token is wrong."
)

LOG_LINES: Final[Mapping[str, str]] = {
    # errors
    "… Data in memory is not refreshed until then.": (
        "A class of yours raises when two versions are merged. Fix it, as the line says; until then, this process sees "
        "the old value."
    ),
    "… arrived after the shutdown deadline and was not handled": (
        "Nothing, behind a webhook: Telegram sends it again. With polling, the update is lost; give the bot more time "
        "with `shutdown_deadline`."
    ),
    "… could not be saved yet. …": f"{_BUCKET} The changes stay in memory and are tried again.",
    "… is due but could not be run: …": f"{_CAUSE} The job stays stored, and the next tick tries it again.",
    "… was still running at the shutdown deadline and was cancelled": (
        "Make the handler or job shorter, or raise `shutdown_deadline` and the time that your host gives."
    ),
    "Could not get …. Retrying on the next request: …": f"{_CAUSE} Until then, every request is answered with 503.",
    "Could not load the bot in the init phase. The first event will get a 503, and the next one will retry: …": (
        f"{_CAUSE} {_TELEGRAM} After a deployment, a variable is often missing: `PTB_BUCKET_URI` or a secret."
    ),
    "Could not load the bot. Returning 503 and retrying on the next request. …": f"{_BUCKET} {_TELEGRAM}",
    "Could not save changes yet. …": f"{_BUCKET} Updates are answered with 503 until everything is saved.",
    "Due timers could not be listed. Trying again in … s: …": (
        f"{_CAUSE} Jobs that this process has added run on time. Those of other instances wait until it succeeds."
    ),
    "Returned 503 for … so that Telegram resends it. …": f"{_BUCKET} {_TELEGRAM} No update is lost.",
    "Returned 503: could not get the webhook secret. …": (
        "Set `TELEGRAM_WEBHOOK_SECRET`, or let the function read the parameter that "
        "`TELEGRAM_WEBHOOK_SECRET_PARAMETER` names: [environment variables](environment.md#serverless)."
    ),
    "Returned HTTP … for … … (…). …": (
        f"{_BUCKET} {_TELEGRAM} With 503, Telegram sends the update again; with 500, look for a mistake in "
        "`build_application`."
    ),
    "The server is stopping after shutdown_deadline=… seconds. These changes may not have been saved: …": (
        "Set `spool_dir` where the disk survives, or give the bot more time: "
        "[how a bot stops](../recipes/index.md#how-a-bot-stops)."
    ),
    "The server is stopping, but some changes could not be saved. …": f"{_BUCKET} Telegram sends the updates again.",
    "The server is stopping. Cancelled after … seconds: …": (
        "Nothing: Telegram sends the update again. If it happens often, make the handler shorter or raise "
        "`shutdown_deadline`."
    ),
    "These handlers, jobs or tasks did not stop when they were cancelled: …": (
        "Let them end when they are cancelled: do not catch `CancelledError`, and run blocking code in a thread."
    ),
    # warnings
    "… Changes to these records stay in … until newer code can save them.": (
        "Deploy the version of your bot that knows the classes in the line. The file is read again at each start."
    ),
    "… The stored record is left unchanged.": (
        "Deploy the code that can read the record: [register your own classes](../how-to/register-types.md). All other "
        "records work."
    ),
    "… does not exist. Starting with empty state, which is normal for a new bot": (
        "Nothing, for a new bot. Otherwise the URI has another bucket or prefix than before."
    ),
    "… is a …, which can't be updated in place. It will not be refreshed until a restart": (
        "Use a dataclass, a dict or a class with attributes as the type of this data. BucketApplication replaces user "
        "and chat data of other classes."
    ),
    "… was also changed in the bucket. Keeping the version in the bucket and discarding the local one": (
        "Nothing: two instances moved one conversation at the same moment, and [one of them "
        "counts](../explanation/merging.md)."
    ),
    "… was changed without being loaded. Values in the bucket are kept and new ones are added": (
        "Load the record before you change it: `await application.load_data(...)`, as in [several "
        "instances](../how-to/several-instances.md)."
    ),
    "… was skipped because it was … s late": (
        "Nothing, if you set `misfire_grace_time` for this. Otherwise tick more often."
    ),
    "…. This timer will not run.": (
        "Deploy the version of your bot that wrote the timer, or remove it with `ptb-bucket timers rm`."
    ),
    "… has … timers. With layout=single, each save writes all of them. For more than …, copy the state to another "
    "layout: ptb-bucket copy URI 'NEW_URI?layout=per-record'.": (
        "As it says, with the bot stopped: [change the layout](options.md#change-the-layout-or-the-codec)."
    ),
    "A conversation ended while … was handled. It is handled again.": (
        "Nothing: a timeout and an answer met. [Conversation timeouts](../how-to/timers.md#conversation-timeouts) says "
        "what happens."
    ),
    "A broadcast message could not be sent to one person: …": (
        "Nothing: `report.failed` and `report.blocked` have the IDs when the broadcast is over."
    ),
    "Another instance has already run …. The changes of this run are discarded.": (
        "Nothing: the other run counts. Messages that this run has sent stay sent."
    ),
    "Could not close the connections of a discarded Application. …": "Nothing: the next event begins with new ones.",
    "Loading all … records at startup because telegram.ext.Application does not load records on demand. "
    "BucketApplication only loads what an update needs": (
        "Build the bot with `bucket_application()`: [choose a layout](../how-to/choose-a-layout.md)."
    ),
    "Rejected a request without the correct secret token (403).": (
        "Nothing, if it was a stranger. If all updates are rejected, pass the value of `TELEGRAM_WEBHOOK_SECRET` to "
        "`setWebhook` again."
    ),
    "Returned HTTP … for a tick. …": (
        "Give the scheduler the right secret or service account: [who "
        "ticks](../how-to/timers.md#who-looks-at-the-clock)."
    ),
    "Saved … from … left over from the last run": (
        "Nothing: what could not be saved at the last stop is in the bucket now."
    ),
    "The bot was not loaded in the init phase. It will be loaded on the first event: …": (
        "Nothing, if it happens once. Otherwise import less in your module, or give the function more memory: [before "
        "the first event](../how-to/run-on-lambda.md#before-the-first-event)."
    ),
    "The claim of … could not be renewed: …": f"{_BUCKET} The job may run a second time on another instance.",
    "The outcome of commit … (…) to … can no longer be determined. Dict keys and set members will be applied again, "
    "list elements and counters will not": (
        "Look at the record. It takes a lost answer together with more than 128 writers, or with clocks that are wrong "
        "by a day: [when no answer arrives](../explanation/commits.md#when-no-answer-arrives)."
    ),
}
