"""The methods by which a person sends a file; they differ in the kind of file only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from telegram import Message

    from ptb_bucket.offline_telegram.server import AnyApplication

__all__ = ["sender"]


def sender(kind: str, name: str) -> Callable[..., Coroutine[Any, Any, list[Message]]]:
    """Return the method that sends one kind of file."""

    async def send(
        person: Any, app: AnyApplication, content: bytes = kind.encode(), file_name: str = name, **options: Any
    ) -> list[Message]:
        answers: list[Message] = await person.deliver(app, person.updates.file(kind, content, file_name, **options))
        return answers

    send.__name__, send.__qualname__ = f"send_{kind}", f"Person.send_{kind}"
    send.__doc__ = f"""Send a {kind.replace("_", " ")}, whose bytes the bot can download.

        Args:
            app: As in :meth:`send`.
            content: The bytes.
            file_name: The name of the file.
            options: ``caption``, ``chat`` and ``reply_to``, and fields of the media object, such as ``duration``.

        Returns:
            As :meth:`send`.
        """
    return send
