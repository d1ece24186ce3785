"""Values as people read them."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["pretty", "tree"]


def tree(text: str | None) -> Any:
    """A value's JSON text as what it says; text that is no JSON as a string, nothing as None."""
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return text


def pretty(text: str) -> str:
    """The same JSON, indented; text that is no JSON as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text
