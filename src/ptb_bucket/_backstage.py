"""What BucketApplication needs of a BucketPersistence that is nothing for its users."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from telegram.ext import ContextTypes

    from ptb_bucket._opened import Opened
    from ptb_bucket._rounds import Rounds
    from ptb_bucket.persistence import BucketPersistence
    from ptb_bucket.state import Record

__all__ = ["STAGING", "Backstage"]

STAGING: ContextVar[bool] = ContextVar("STAGING", default=False)
"""Set while BucketApplication awaits methods that a subclass overrides: one commit comes after all of them."""


class Backstage:
    """The inner parts of one persistence.

    Args:
        persistence: Whose.
    """

    def __init__(self, persistence: BucketPersistence[Any, Any, Any]) -> None:
        self._persistence = persistence

    @property
    def opened(self) -> Opened:
        """Store, replica and group commit of the bot that was set."""
        return self._persistence._open  # noqa: SLF001  this class is the one that may

    @property
    def rounds(self) -> Rounds:
        """When a refresh asks."""
        return self._persistence._rounds  # noqa: SLF001

    def adopt(self, context_types: ContextTypes[Any, Any, Any, Any]) -> None:
        """Take over the application's context types.

        Raises:
            ConfigurationError: The persistence was given others, or serves an application with others.
        """
        self._persistence._adopt(context_types)  # noqa: SLF001

    def load_on_demand(self, noticed: Callable[[Record], None]) -> None:
        """Read records when they are refreshed, if the layout can; somebody refreshes each before PTB sees it.

        Args:
            noticed: Told of each record that PTB refreshes.
        """
        self._persistence._on_demand = True  # noqa: SLF001  taken over when the bot is set, once
        self._persistence._noticed = noticed  # noqa: SLF001

    @property
    def layout(self) -> str:
        """The name of the layout."""
        return self._persistence._location.layout.name  # noqa: SLF001

    @property
    def is_lazy(self) -> bool:
        """Whether records can be read one by one, and let go of."""
        return self._persistence._location.layout.lazy  # noqa: SLF001
