"""Conditional puts are promised by many servers and kept by fewer: a test on the server itself, and its memory.

A server that ignores conditions lets two instances of a bot overwrite each other without anybody noticing. So a store
on a server that is not known to be honest sees proof before its first put.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

from ptb_bucket.errors import LostRaceError, NotFoundError, UnavailableError, UnsupportedError
from ptb_bucket.stores.base import Create, Update

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptb_bucket.stores.base import Blob, PutMode

__all__ = ["PROOF_NAME", "ConditionProof"]

PROOF_NAME: Final = ".ptb-bucket-proof"
"""The object that remembers a proof; a store keeps it for itself, as a directory its lock file."""

_VERSION: Final = 1
"""Of the test; another one is not believed."""
_PAUSES: Final = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Seconds before each attempt; there are several only while others prove the same at the same time."""


class Reading(Protocol):
    """Reads an object: ``BlobStore.get`` of the provider, below its proof."""

    async def __call__(self, key: str) -> Blob: ...


class Sending(Protocol):
    """Puts an object once, with ETags written in one of the provider's styles, and returns the new ETag."""

    async def __call__(self, key: str, data: bytes, mode: PutMode, style: str) -> str: ...


class ConditionProof:
    """Proves once per store that a server honours the conditions of puts, and remembers it in a small object.

    A provider makes one for each store, awaits :meth:`ensure` before every put, writes ETags in :attr:`style`, calls
    :meth:`refuse` for every key that it is given and leaves :attr:`key` out of its listings.

    Nothing but that object is written, deleted is nothing: putting and reading are all the permissions it needs.

    Args:
        read: The provider's way to read, errors translated.
        send: The provider's way to put once, errors translated.
        server: The endpoint, as people call it; no secrets. A proof for another one is not believed. May be
            set later, as long as it is before :meth:`ensure`.
        home: What the object's key starts with: the URI's prefix, because permissions may end there.
        styles: The ways to write an ETag in a condition that servers are known to want; the first one is tried first.
        always: Do not believe the object; prove it anew in this process.
        honest: Servers that are known to honour conditions, as a sentence for the error; empty if there are no others.
    """

    def __init__(  # noqa: PLR0913  settings of one thing, by keyword
        self,
        read: Reading,
        send: Sending,
        *,
        server: str,
        home: str = "",
        styles: Sequence[str] = ("",),
        always: bool = False,
        honest: str = "",
    ) -> None:
        self._read = read
        self._send = send
        self.server = server
        self._styles = tuple(styles)
        self._always = always
        self._honest = honest
        self._proved = False
        self._lock: tuple[asyncio.AbstractEventLoop, asyncio.Lock] | None = None
        self.key = home + PROOF_NAME
        self.style = self._styles[0]

    def refuse(self, key: str) -> None:
        """Refuse the key of the proof's own object.

        Raises:
            UnsupportedError: It is that key.
        """
        if key == self.key:
            raise UnsupportedError(f"{key!r} is the store's own note about its server. Choose another key.", key=key)

    async def ensure(self) -> None:
        """Return when this server's conditional puts can be relied on; afterwards :attr:`style` is right.

        Raises:
            UnsupportedError: They cannot. The message names the server and the two requests that show it.
            AccessError, UnavailableError: It could not be found out.
        """
        if self._proved:
            return
        async with self._lock_here():
            if not self._proved:
                await self._prove()
                self._proved = True

    def _lock_here(self) -> asyncio.Lock:
        """Return the running loop's lock; a lock of a loop before would be bound to that one."""
        loop = asyncio.get_running_loop()
        if self._lock is None or self._lock[0] is not loop:
            self._lock = (loop, asyncio.Lock())
        return self._lock[1]

    async def _prove(self) -> None:
        for pause in _PAUSES:
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 jitter is no secret
            found = await self._found()
            if found is not None and not self._always and self._believes(found):
                return
            # Losing here is nothing that was asked for: somebody else is proving the same.
            with suppress(LostRaceError):
                await self._experiment(found)
                return
        raise UnavailableError(f"{self.server}: too many others were testing {self.key!r}; try again", key=self.key)

    async def _found(self) -> Blob | None:
        try:
            return await self._read(self.key)
        except NotFoundError:
            return None

    def _believes(self, found: Blob) -> bool:
        try:
            note = json.loads(found.data)
            proof = (note["proof"], note["server"], note["state"])
            style = note["style"]
        except (ValueError, TypeError, KeyError):
            return False
        if proof != (_VERSION, self.server, "proved") or style not in self._styles:
            return False
        self.style = style
        return True

    async def _experiment(self, found: Blob | None) -> None:
        first = found.etag if found else await self._put(Create())
        second = await self._update(first)
        await self._must_lose(Update(first), "on the condition that it still has the ETag from before the first one")
        await self._must_lose(Create(), "on the condition that there is no such object")
        # Whoever was faster has proved it too, or will: what was seen here counts for this process all the same.
        with suppress(LostRaceError):
            await self._put(Update(second), "proved")

    async def _put(self, mode: PutMode, state: str = "") -> str:
        note = {
            "about": "ptb-bucket has tested here whether this server honours conditional puts. It may be deleted.",
            "proof": _VERSION,
            "server": self.server,
            "style": self.style,
            "state": state or f"testing {os.urandom(8).hex()}",
        }
        return await self._send(self.key, json.dumps(note, indent=1).encode(), mode, self.style)

    async def _update(self, etag: str) -> str:
        """Update with the right ETag, in the style that the server understands.

        Raises:
            LostRaceError: Somebody else has changed the object meanwhile.
            UnsupportedError: The server refuses the right ETag in every style.
        """
        for style in dict.fromkeys((self.style, *self._styles)):
            self.style = style
            try:
                return await self._put(Update(etag))
            except LostRaceError:
                found = await self._found()
                if found is None or found.etag != etag:
                    raise
        raise UnsupportedError(
            f"{self.server} cannot keep a bot's state: it refuses a put on the condition of an ETag that the object "
            f"has. A read of {self.key!r} gives its ETag, and a put on the condition of that ETag is answered as if "
            f"it had another one.",
            key=self.key,
        )

    async def _must_lose(self, mode: PutMode, condition: str) -> None:
        try:
            await self._put(mode)
        except LostRaceError:
            return
        raise UnsupportedError(
            f"{self.server} cannot keep a bot's state: it ignores the conditions of puts, so that several instances "
            f"would overwrite each other. Two requests show it: a put of {self.key!r}, accepted; then another put of "
            f"{self.key!r} {condition}, accepted as well, where 412 is right. Use a server that honours If-Match and "
            f"If-None-Match, or a newer version of this one. {self._honest}".rstrip(),
            key=self.key,
        )
