"""A test of conditional puts on the server itself, with a small object that records the result.

Many servers accept conditional puts, but not all of them honour the condition. A server that ignores it lets two
instances of a bot overwrite each other unnoticed. A store on such an unknown server tests it before its first put.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

from ptb_bucket._aio import LoopLock
from ptb_bucket.errors import LostRaceError, NotFoundError, UnavailableError, UnsupportedError
from ptb_bucket.stores.base import Create, Update

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptb_bucket.stores.base import Blob, PutMode

__all__ = ["PROOF_NAME", "ConditionProof"]

PROOF_NAME: Final = ".ptb-bucket-proof"
"""The name of the object that records a proof. Stores hide it, as they hide the lock file of a directory."""

_VERSION: Final = 1
"""The version of the test. Proofs of other versions do not count."""
_PAUSES: Final = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
"""The seconds before each attempt. More than one is needed only while others run the same test."""


class Reading(Protocol):
    """A function that reads an object: the provider's ``get``, without the proof."""

    async def __call__(self, key: str) -> Blob: ...


class Sending(Protocol):
    """A function that puts an object once, writes ETags in a style of the provider, and returns the new ETag."""

    async def __call__(self, key: str, data: bytes, mode: PutMode, style: str) -> str: ...


class ConditionProof:
    """A proof that a server honours the conditions of puts. It is made once per store, and a small object records it.

    A provider creates one for each store, awaits :meth:`ensure` before every put, writes ETags in :attr:`style`, calls
    :meth:`refuse` for every key that it receives, and leaves :attr:`key` out of its listings.

    The proof writes only that object and deletes nothing. It needs permission to put and to read.

    Args:
        read: Reads an object, with translated errors.
        send: Puts an object once, with translated errors.
        server: The endpoint, as it is shown to people; no secrets. A proof for another server does not count. You may
            set it later, but before :meth:`ensure`.
        home: The start of the object's key: the URI's prefix, because permissions may be limited to it.
        styles: The ways to write an ETag in a condition that known servers expect. The first one is tried first.
        always: If true, ignore the object and prove it again in this process.
        honest: A sentence for the error, which names servers that honour conditions; empty to name none.
    """

    def __init__(  # noqa: PLR0913  settings, by keyword
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
        self._lock = LoopLock()
        self.key = home + PROOF_NAME
        self.style = self._styles[0]

    def refuse(self, key: str) -> None:
        """Refuse the key of the proof's own object.

        Raises:
            UnsupportedError: The key belongs to the proof.
        """
        if key == self.key:
            raise UnsupportedError(f"The key {key!r} is reserved. Choose another key.", key=key)

    async def ensure(self) -> None:
        """Prove that the server honours conditional puts, and set :attr:`style` to the style that it expects.

        Raises:
            UnsupportedError: It does not. The message names the server and the two requests that show it.
            AccessError, UnavailableError: The test could not be completed.
        """
        if self._proved:
            return
        async with self._lock.here():
            if not self._proved:
                await self._prove()
                self._proved = True

    async def _prove(self) -> None:
        for pause in _PAUSES:
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 jitter needs no secrecy
            found = await self._found()
            if found is not None and not self._always and self._believes(found):
                return
            # A lost race is not an error here: another instance runs the same test.
            with suppress(LostRaceError):
                await self._experiment(found)
                return
        raise UnavailableError(
            f"{self.server} could not be tested because too many other clients were testing {self.key!r}. Try again.",
            key=self.key,
        )

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
        await self._must_lose(Update(first), "with If-Match set to the ETag from before the first one")
        await self._must_lose(Create(), "with If-None-Match: *")
        # A faster instance has proved it too, or will. The result of this test counts for this process in any case.
        with suppress(LostRaceError):
            await self._put(Update(second), "proved")

    async def _put(self, mode: PutMode, state: str = "") -> str:
        note = {
            "about": "ptb-bucket used this object to test conditional puts. You can delete it.",
            "proof": _VERSION,
            "server": self.server,
            "style": self.style,
            "state": state or f"testing {os.urandom(8).hex()}",
        }
        return await self._send(self.key, json.dumps(note, indent=1).encode(), mode, self.style)

    async def _update(self, etag: str) -> str:
        """Update with the right ETag, in the style that the server understands.

        Raises:
            LostRaceError: Another instance changed the object meanwhile.
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
            f"{self.server} can't be used for bot state because it rejects valid conditional puts. A read "
            f"of {self.key!r} returned an ETag, but the server rejected a put with If-Match set to that ETag.",
            key=self.key,
        )

    async def _must_lose(self, mode: PutMode, condition: str) -> None:
        try:
            await self._put(mode)
        except LostRaceError:
            return
        raise UnsupportedError(
            f"{self.server} can't be used for bot state because it ignores conditions on puts. Multiple instances "
            f"would overwrite each other. In a test, a put of {self.key!r} was accepted. A second put of "
            f"{self.key!r} {condition} was also accepted instead of being rejected with 412. Use a server "
            f"that supports If-Match and If-None-Match, or a newer version of this server. {self._honest}".rstrip(),
            key=self.key,
        )
