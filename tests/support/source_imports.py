"""What files of the source import, and what their packages export."""

from __future__ import annotations

import ast
import functools
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
CORE = ROOT / "src" / "ptb_bucket"


class Import(NamedTuple):
    module: str
    for_types: bool

    def within(self, *packages):
        return any(self.module == package or self.module.startswith(package + ".") for package in packages)


@functools.cache
def imports(source):
    """Return what a file imports anywhere in it, and whether only under TYPE_CHECKING."""
    return list(_imports(source))


def _imports(source):
    waiting = [(ast.parse(source), False)]
    while waiting:
        node, for_types = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, for_types) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports are banned, and unseen by these rules"
            # Each name may be a module.
            yield from (Import(f"{node.module}.{alias.name}", for_types) for alias in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += [(child, True) for child in node.body] + [(child, for_types) for child in node.orelse]
            continue
        waiting += [(child, for_types) for child in ast.iter_child_nodes(node)]


def module_of(name):
    """Return the module that an import names: its longest part that is a file or folder, and not an exported name."""
    parts = name.split(".")
    if len(parts) > 1 and parts[-1] in exports(parts[:-1]):
        return parts[:-1]
    while len(parts) > 1 and not is_package(parts) and not (SOURCE.joinpath(*parts).with_suffix(".py")).exists():
        parts.pop()
    return parts


@functools.cache
def _exports(path):
    body = ast.parse(path.read_text(encoding="utf-8")).body
    lazy = [one for node in body if isinstance(node, ast.If) for one in node.body]  # under TYPE_CHECKING
    names = (node.names for node in [*body, *lazy] if isinstance(node, ast.ImportFrom))
    return {alias.asname or alias.name for aliases in names for alias in aliases}


def exports(parts):
    """Return the names that a package imports into its ``__init__``."""
    return _exports(SOURCE.joinpath(*parts) / "__init__.py") if is_package(parts) else set()


def is_package(parts):
    return (SOURCE.joinpath(*parts) / "__init__.py").exists()


def reachable(package, found):
    """Return whether code of a package (its dotted name, split) may import that: other packages only as a whole."""
    target = module_of(found.module)
    inside = tuple(target[:-1]) == tuple(package[: len(target) - 1])
    return target[0] != "ptb_bucket" or is_package(target) or inside or target == ["ptb_bucket", "errors"]
