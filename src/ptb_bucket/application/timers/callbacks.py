"""The functions that stored timers may call, by the names under which timers are stored.

A timer in the bucket holds a name, and only a function that the author has listed is ever called for it. Nothing is
imported or looked up by a name from the bucket.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from ptb_bucket._dataclass import dataclass
from ptb_bucket.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Callbacks", "JobCallback"]


@dataclass(frozen=True)
class JobCallback:
    """A function for timers, with the names that it had before.

    Example:
        ::

            async def remind(context): ...


            callbacks = [JobCallback(remind, was="send_reminder")]
            bucket_application("s3://my-bucket/my-bot", jobs="bucket", callbacks=callbacks)

    Args:
        function: The async function. It takes a context, as in PTB.
        name: The name under which its timers are stored; without it, the function's ``__name__``.
        was: A name, or names, under which its timers were stored earlier.
    """

    function: Callable[..., Any]
    name: str | None = None
    was: str | tuple[str, ...] = ()


@dataclass
class Callbacks:
    """The listed functions.

    Args:
        names: The name of each function.
        functions: The function of each name, old names included.
    """

    names: dict[Callable[..., Any], str] = field(default_factory=dict)
    functions: dict[str, Callable[..., Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, listed: Iterable[Any] | Mapping[str, Any]) -> Callbacks:
        """Return the functions of the option ``callbacks``.

        Raises:
            ConfigurationError: One is not an async function, lacks a name, or shares it with another.
        """
        found = cls()
        for each in listed:
            function: Any = listed[each] if isinstance(listed, Mapping) else each
            name = each if isinstance(listed, Mapping) else None
            callback = function if isinstance(function, JobCallback) else JobCallback(function)
            found._add(callback, name or callback.name)
        return found

    def _add(self, callback: JobCallback, name: str | None) -> None:
        function, own = callback.function, name or _own_name(callback.function)
        if not _is_async(function):
            raise ConfigurationError(f"callbacks: {own or function!r} must be an async function that takes a context.")
        if not own:
            raise ConfigurationError(f"callbacks: {function!r} has no name. Give it one: callbacks={{'remind': ...}}.")
        self.names.setdefault(function, own)
        for each in [own, *([callback.was] if isinstance(callback.was, str) else callback.was)]:
            if self.functions.setdefault(each, function) is not function:
                raise ConfigurationError(
                    f"callbacks: two functions have the name {each!r}. Give one of them another name: "
                    f"callbacks={{'another_name': ...}}."
                )

    def name_of(self, function: Callable[..., Any]) -> str:
        """Return the name under which the timers of a function are stored.

        Raises:
            ConfigurationError: The function is not listed.
        """
        try:
            return self.names[function]
        except (KeyError, TypeError):
            name = _own_name(function) or "my_callback"
            raise ConfigurationError(
                f"The callback {name} is not listed, so no other process could run its job. Add it: "
                f"bucket_application(..., jobs='bucket', callbacks=[{', '.join([*self.names.values(), name])}]). To "
                "keep the job in this process only, pass job_kwargs={'jobstore': 'process'}."
            ) from None

    def find(self, name: str) -> Callable[..., Any] | None:
        """Return the function of a stored timer; None if this deployment lacks it."""
        return self.functions.get(name)


def _own_name(function: Any) -> str:
    name = getattr(function, "__name__", "")
    return "" if name == "<lambda>" else name


def _is_async(function: Any) -> bool:
    inner = getattr(function, "func", function)  # of a functools.partial
    return inspect.iscoroutinefunction(inner) or inspect.iscoroutinefunction(getattr(inner, "__call__", None))  # noqa: B004
