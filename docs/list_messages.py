"""Print every message that a user can see: errors, warnings, log lines, help texts and the command line's output.

    python docs/list_messages.py > messages.txt

Each line contains the kind, the file with its line, and the text. The messages come from the syntax tree of the source,
with ``{placeholders}`` for values. A constant's text takes the place of its name.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
SOURCES = [ROOT / "src", *sorted(ROOT.glob("providers/*/src"))]
ERROR_SUFFIXES = ("Error", "Exception", "Exit", "Usage", "BadParameter", "Interrupt")
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
PRINTING = {"print", "echo", "secho", "line", "complain", "narrate", "heading"}
PAIR = 2
CHECKS = {"say": 2, "trying": 1, "Finding": 2}
"""The calls that make a line of ``ptb-bucket check``, with the position of its text."""
TABLES = {"_HINTS": "AccessError", "_REMEDIES": "AccessError"}
"""The tables of advice that becomes a part of an error, with the error's class."""
ADVISING = {"_advice": "AccessError", "_right_region": "AccessError", "unreadable": "AccessError"}
"""The functions that return such advice, with the error's class."""
HELP_ARGUMENTS = {"help", "epilog", "description", "short_help"}


class Message(NamedTuple):
    """A message; ``kind`` is an error's class, ``log LEVEL``, ``warning``, ``check``, ``help`` or ``output``."""

    kind: str
    file: str
    line: int
    text: str


def messages() -> list[Message]:
    """Return all messages, sorted by kind, file and line."""
    sources = {_name(path): path.read_text("utf-8") for source in SOURCES for path in source.rglob("*.py")}
    shared = {name: node for text in sources.values() for name, node in _constants(ast.parse(text)).items()}
    return sorted(message for file, text in sources.items() for message in in_source(text, file, shared))


def in_source(source: str, file: str, shared: dict[str, ast.expr] | None = None) -> Iterator[Message]:
    """Find the messages of one file. ``shared`` are constants of other files, by name."""
    tree = ast.parse(source)
    constants = (shared or {}) | _constants(tree)
    for node in ast.walk(tree):
        for kind, text in _of_tables(node):
            yield Message(kind, file, text.lineno, _text(text, constants))
        if isinstance(node, ast.Call):
            for kind, text in _of_call(node):
                yield Message(kind, file, node.lineno, _text(text, constants))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _is_command(node):
            yield Message("help", file, node.lineno, " ".join((ast.get_docstring(node) or "").split()))


def _of_call(call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    name = _called(call)
    first = call.args[:1]
    if name.endswith(ERROR_SUFFIXES):
        yield from ((name, argument) for argument in call.args if _has_text(argument))
    elif name == "Verdict" and isinstance(first[0], ast.Name):  # an error's class and text, until it is raised
        yield from ((first[0].id, argument) for argument in call.args[1:PAIR])
    elif name == "warn":
        yield from (("warning", argument) for argument in first)
    elif name in LEVELS and isinstance(call.func, ast.Attribute) and "log" in ast.unparse(call.func.value).lower():
        yield from ((f"log {name}", argument) for argument in first)
    elif name in PRINTING:
        yield from (("output", argument) for argument in first)
    elif name in CHECKS:
        yield from (("check", argument) for argument in [*call.args[CHECKS[name] :][:1], *_details(call)])
    yield from (("help", keyword.value) for keyword in call.keywords if keyword.arg in HELP_ARGUMENTS)


def _of_tables(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Find messages that stand in a table or beside their class: ``(AccessError, "was redirected.")``."""
    if isinstance(node, ast.Tuple) and len(node.elts) == PAIR:
        cls, text = node.elts
        if (
            isinstance(cls, ast.Name)
            and cls.id.endswith(ERROR_SUFFIXES)
            and isinstance(text, ast.Constant | ast.JoinedStr)
        ):
            yield cls.id, text
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(node.value, ast.Dict):
        kind = TABLES.get(node.target.id, "")
        texts = (text for text in node.value.values if kind and not isinstance(text, ast.Tuple))
        yield from ((kind, text) for text in texts)
    if isinstance(node, ast.FunctionDef) and node.name in ADVISING:
        returned = (one.value for one in ast.walk(node) if isinstance(one, ast.Return))
        texts = (part for value in returned if value is not None for part in ast.walk(value))
        yield from ((ADVISING[node.name], text) for text in texts if isinstance(text, ast.JoinedStr))


def _details(call: ast.Call) -> list[ast.expr]:
    return [keyword.value for keyword in call.keywords if keyword.arg == "detail"]


def _called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _has_text(node: ast.expr) -> bool:
    return not isinstance(node, ast.Constant) or isinstance(node.value, str)


def _is_command(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("command(" in ast.unparse(decorator) for decorator in function.decorator_list)


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    """Return the module's constants by name, for messages that are written once."""
    found: dict[str, ast.expr] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None and isinstance(node.target, ast.Name):
            found[node.target.id] = node.value
    return {name: value for name, value in found.items() if isinstance(value, ast.JoinedStr | ast.Constant)}


def _text(node: ast.expr, constants: dict[str, ast.expr]) -> str:
    """Return the message of an expression, in one line."""
    if isinstance(node, ast.Name) and node.id in constants:
        return _text(constants[node.id], {})
    if isinstance(node, ast.Constant):
        return " ".join(str(node.value).split())
    if isinstance(node, ast.JoinedStr):
        return " ".join("".join(_part(part, constants) for part in node.values).split())
    return f"{{{ast.unparse(node)}}}"


def _part(part: ast.expr, constants: dict[str, ast.expr]) -> str:
    """Return a part of an f-string: its text, a constant's text, or the expression as a placeholder."""
    if isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.Name):
        constant = constants.get(part.value.id)
        if part.value.id.isupper() and constant is not None:
            return _text(constant, {name: node for name, node in constants.items() if name != part.value.id})
    return f"{{{ast.unparse(part.value)}}}" if isinstance(part, ast.FormattedValue) else str(getattr(part, "value", ""))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


if __name__ == "__main__":
    for kind, file, line, text in messages():
        sys.stdout.write(f"{kind}\t{file}:{line}\t{text}\n")
