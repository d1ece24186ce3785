"""Events and contexts with which AWS calls a Lambda function, and a bot that handles them."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from telegram.ext import CommandHandler, ConversationHandler, MessageHandler, filters

from ptb_bucket import BucketPersistence
from ptb_bucket.offline_telegram import OfflineTelegram
from ptb_bucket.serverless.aws import lambda_webhook
from ptb_bucket.stores import open_store
from ptb_bucket.testing.faults import FaultyStore
from support.applications.builder import build_application

if TYPE_CHECKING:
    from pathlib import Path

    from ptb_bucket.testing.faults import Fault

SECRET = "s3cret-token"
HEADER = "X-Telegram-Bot-Api-Secret-Token"


def function_url(body: str, headers: dict[str, str], method: str = "POST") -> dict[str, Any]:
    """Make an event of a function URL or an HTTP API, with payload 2.0."""
    lower = {name.lower(): value for name, value in headers.items()}
    return {
        "version": "2.0", "routeKey": "$default", "rawPath": "/", "headers": lower, "isBase64Encoded": False,
        "requestContext": {"http": {"method": method, "path": "/"}, "requestId": "1"}, "body": body,
    }  # fmt: skip


def in_base64(body: str, headers: dict[str, str], method: str = "POST") -> dict[str, Any]:
    """Encode the event's body in base64, as AWS does for other content types."""
    event = function_url(body, headers, method)
    return {**event, "isBase64Encoded": True, "body": base64.b64encode(body.encode()).decode()}


def http_api_1(body: str, headers: dict[str, str], method: str = "POST") -> dict[str, Any]:
    """Make an event of an HTTP API, with payload 1.0."""
    return {
        "version": "1.0", "httpMethod": method, "path": "/", "headers": headers, "body": body,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "requestContext": {"httpMethod": method, "requestId": "1"}, "isBase64Encoded": False,
    }  # fmt: skip


def rest_api(body: str, headers: dict[str, str], method: str = "POST") -> dict[str, Any]:
    """Make an event of a REST API's proxy integration. Headers are as they were sent, some only as lists."""
    return {**http_api_1(body, headers, method), "version": None, "headers": None, "resource": "/{proxy+}"}


SHAPES = [function_url, in_base64, http_api_1, rest_api]


@dataclass
class Context:
    """The context that AWS passes with the event."""

    seconds: float = 30

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds * 1000)


@dataclass
class Environment:
    """A Lambda environment of a small bot that counts and has a conversation."""

    where: Any
    telegram: OfflineTelegram = field(default_factory=OfflineTelegram)
    options: dict[str, Any] = field(default_factory=dict)
    saving: dict[str, Any] = field(default_factory=dict)
    on_timer: Any = None
    built: list[Any] = field(default_factory=list)
    handled: list[int] = field(default_factory=list)
    hook: Any = None

    def __post_init__(self) -> None:
        self.start()

    def start(self, **options: Any) -> None:
        """Start a new process: build and load the bot as AWS does before the first event."""
        vars(self).update(options, built=[])
        self.handler = lambda_webhook(self.build, self.on_timer)

    def build(self) -> Any:
        where = self.where() if callable(self.where) else self.where
        words = filters.TEXT & ~filters.COMMAND
        conversation = ConversationHandler(
            [CommandHandler("name", self.ask)], {1: [MessageHandler(words, self.take)]}, [], name="n", persistent=True
        )
        application = build_application(
            self.telegram, BucketPersistence(where, **self.saving), conversation,
            MessageHandler(filters.ALL, self.count), bucket_options=self.options,
        )  # fmt: skip
        self.built.append(application)
        return application

    async def count(self, update: Any, context: Any) -> None:
        self.handled.append(update.update_id)
        context.user_data["count"] = context.user_data.get("count", 0) + 1
        context.bot_data.setdefault("updates", []).append(update.update_id)
        if self.hook:
            await self.hook(update, context)
        await update.effective_message.reply_text(str(context.user_data["count"]))

    async def ask(self, update: Any, _context: Any) -> int:
        await update.effective_message.reply_text("Name?")
        return 1

    async def take(self, update: Any, context: Any) -> int:
        context.user_data["name"] = update.effective_message.text
        await update.effective_message.reply_text("Thanks.")
        return ConversationHandler.END

    def update(self, text: str, user: int = 42) -> dict[str, Any]:
        """Make an update as Telegram sends it."""
        return self.telegram.user(user, "Ada").message_update(text)

    def post(self, update: Any, *, shape: Any = function_url, secret: str | None = SECRET, seconds: float = 30) -> int:
        """Send an update and return the status."""
        headers = {"Content-Type": "application/json", **({HEADER: secret} if secret is not None else {})}
        body = update if isinstance(update, str) else json.dumps(update)
        return self.handler(shape(body, headers), Context(seconds))["statusCode"]


class Failing(Environment):
    """An environment on a directory that fails on request. The store outlives the application."""

    def __init__(self, directory: Path) -> None:
        self.heal()
        store = FaultyStore(open_store(f"file:{directory}"), lambda *what: self.plan(*what))  # noqa: PLW0108  as it is then
        super().__init__(lambda: store)

    def fail(self, fault: Fault, operation: str = "put") -> None:
        """Fail each time from now on."""
        self.plan: Any = lambda happening, _key: fault if happening == operation else None

    def heal(self) -> None:
        """Stop failing."""
        self.plan = lambda _operation, _key: None


def document(tmp_path: Path) -> dict[str, Any]:
    """Return the stored data of the environment's bot."""
    return json.loads((tmp_path / "bot" / "state.json").read_text())


def users(tmp_path: Path) -> dict[str, Any]:
    """Return the data of the bot's users."""
    return document(tmp_path).get("user_data", {})


def said(caplog: Any) -> str:
    """Return the log lines of ptb-bucket; PTB logs more at DEBUG."""
    return "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("ptb_bucket"))
