"""Handle the classes of a bot that is started as a script: its pickles have them in ``__main__``."""

from __future__ import annotations

import ast
import inspect
import sys
from contextlib import contextmanager
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.codecs import StoredAs
from ptb_bucket.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["as_main", "script_of"]

_MAIN: Final = "__main__"


def script_of(types: Iterable[Any], main: str | None = None) -> str | None:
    """Return the module that the bot is started as. PicklePersistence has the classes of this module in ``__main__``.

    Args:
        types: The bot's own classes.
        main: The module; empty if there is none. None: the one whose source has ``if __name__ == "__main__":``, or
            that is the ``__main__`` of a package.

    Returns:
        The module's name, or None if there is none.

    Raises:
        ConfigurationError: ``main`` contains none of the classes, or several modules can be started.
    """
    modules = dict.fromkeys(_class(given).__module__ for given in types)
    if main == "":
        return None
    if main is not None and main not in modules:
        raise ConfigurationError(
            f"The module {main} (from --main) defines none of the classes passed with --types. Fix one of the two "
            "options."
        )
    found = [main] if main else [module for module in modules if _can_be_started(module)]
    if len(found) > 1:
        raise ConfigurationError(
            f"{' and '.join(found)} can all be run as scripts. Pass the one that starts your bot, for example "
            f"--main {found[0]}. In a pickle, its classes belong to __main__."
        )
    return found[0] if found else None


def _class(given: Any) -> Any:
    return given.cls if isinstance(given, StoredAs) else given


def _can_be_started(name: str) -> bool:
    module = sys.modules.get(name)
    if module is None or name == _MAIN:
        return False
    if name.endswith(f".{_MAIN}"):
        return True
    try:
        tree = ast.parse(inspect.getsource(module))
    except (OSError, TypeError, SyntaxError, ValueError):  # its source is missing or is not Python
        return False
    return any(isinstance(node, ast.If) and _asks_for_main(node.test) for node in tree.body)


def _asks_for_main(test: ast.expr) -> bool:
    names = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
    return "__name__" in names and any(
        isinstance(node, ast.Constant) and node.value == _MAIN for node in ast.walk(test)
    )


@contextmanager
def as_main(script: str | None, types: Iterable[Any]) -> Iterator[None]:
    """Let pickle write the classes and functions of a module as those of ``__main__``.

    Inside the block, the module is ``__main__`` in this process, so no other code may run.

    Args:
        script: The module; None changes nothing.
        types: The bot's own classes, including nested ones.
    """
    if script is None:
        yield
        return
    module, before = sys.modules[script], sys.modules[_MAIN]
    renamed = _own(script, [*vars(module).values(), *map(_class, types)])
    try:
        sys.modules[_MAIN] = module
        for own in renamed:
            own.__module__ = _MAIN
        yield
    finally:
        sys.modules[_MAIN] = before
        for own in renamed:
            own.__module__ = script


def _own(script: str, values: Iterable[Any]) -> list[Any]:
    """Return the classes and functions that a module defines, including those nested in its classes."""
    found: dict[int, Any] = {}
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if not issubclass(type(value), (type, FunctionType)) or id(value) in found:
            continue
        if value.__module__ == script:
            found[id(value)] = value
            waiting += vars(value).values() if isinstance(value, type) else ()
    return list(found.values())
