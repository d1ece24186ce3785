"""Names that a package exports, and imports when one of them is first used (PEP 562)."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["lazy_exports"]


def lazy_exports(package: str, modules: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a package that imports some of its names when they are first used.

    A bot in a new process answers its first update sooner, because it loads only code that it runs. Import the same
    names under ``TYPE_CHECKING``, for type checkers, and list them in ``__all__``.

    Args:
        package: The package's ``__name__``.
        modules: The names that each module has. None of them may be the name of a module in the package.

    Returns:
        A function that returns the value of a name and makes it an attribute of the package. It raises AttributeError
        for other names, as Python does.
    """
    places = {name: module for module, names in modules.items() for name in names}

    def get(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(places[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    return get
