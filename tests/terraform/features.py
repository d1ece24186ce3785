"""The oldest Terraform that a folder works with, from the language's features that it uses.

Sources: Terraform's changelogs. A function that is in neither table raises an error, so that none is overlooked.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_OLD = (
    "alltrue anytrue can compact concat contains distinct fileexists filebase64sha256 flatten floor join jsondecode"
    " jsonencode keys length lookup merge one regex setsubtract split substr tolist toset trim try urlencode values"
    " map set list object tuple"
)
OLD = frozenset(_OLD.split())
"""Functions, and types in the form of functions, that Terraform 1.1 has."""
FLOOR = (1, 1)
"""Since then, what had no count keeps its place in the state when it gets one, as module s3 did."""
FUNCTIONS = {"startswith": (1, 3), "endswith": (1, 3), "optional": (1, 3), "strcontains": (1, 5)}
SYNTAX = {
    r"^\s*(post|pre)condition \{": (1, 2),
    r"^(check|import) ": (1, 5),
    r"^removed \{": (1, 7),
    r"\bprovider::": (1, 8),
    r"^\s*ephemeral\s+=": (1, 10),
    r"^\s*\w+_wo\s+=": (1, 11),
}
"""Patterns of features, and the version that brought each."""
_CALL = re.compile(r"\b([a-z0-9_]+)\(")
_REQUIRED = re.compile(r'required_version = ">= (\d+)\.(\d+)\.0"')


def required(folder: Path) -> tuple[int, int]:
    """Return the version that a folder asks for."""
    return _version(_REQUIRED.search(folder.joinpath("versions.tf").read_text(encoding="utf-8")))


def needed(folder: Path) -> tuple[int, int]:
    """Return the version that a folder's configuration needs; its tests may need a newer one."""
    found = {FLOOR}
    for path in folder.glob("*.tf"):
        text = path.read_text(encoding="utf-8")
        found |= {since for pattern, since in SYNTAX.items() if re.search(pattern, text, re.MULTILINE)}
        found |= {FUNCTIONS[name] for name in _functions(text) - OLD}
        found |= {(1, 9) for name, others in _validations(text) if others - {name}}
    return max(found)


def _functions(text):
    found = {name for line in text.splitlines() for name in _CALL.findall(_code(line))}
    if unknown := found - OLD - FUNCTIONS.keys():
        raise NotImplementedError(f"functions whose Terraform version is not in the tables: {sorted(unknown)}")
    return found


def _code(line):
    """Return a line without its strings and its comment, except for strings with ``${...}``."""
    return re.sub(r"#.*", "", re.sub(r'"(?:[^"\\$]|\\.)*"', '""', line))


def _validations(text):
    """Yield variables with the variables that their conditions name; another one than itself needs Terraform 1.9."""
    for block in re.split(r"^variable ", text, flags=re.MULTILINE)[1:]:
        conditions = " ".join(re.findall(r"^\s+condition\s+= (.*)$", block, re.MULTILINE))
        yield block.split('"')[1], set(re.findall(r"\bvar\.(\w+)", conditions))


def _version(match):
    return int(match[1]), int(match[2])
