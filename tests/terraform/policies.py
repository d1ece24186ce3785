"""Decide requests by policies, as AWS does. Unknown elements raise an error.

The local server takes every condition as met, so conditions are proven here, on the planned policies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

PARTS = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}


@dataclass(frozen=True)
class Asked:
    """A request: the action, the resource, and the values that conditions can test."""

    action: str
    resource: str
    context: dict[str, str] = field(default_factory=dict)


def allowed(asked, *, identity, bucket) -> bool:
    """Return True if the identity's policy allows the request; the bucket's policy can only refuse it."""
    effects = [each["Effect"] for each in identity["Statement"] if _matches(each, asked)]
    refused = [each for each in bucket["Statement"] if each["Effect"] == "Deny" and _matches(each, asked)]
    return "Allow" in effects and "Deny" not in effects and not refused


def _matches(statement, asked):
    if unknown := set(statement) - PARTS:
        raise NotImplementedError(f"parts of a statement: {unknown}")
    if statement.get("Principal", "*") != "*" or statement["Effect"] not in {"Allow", "Deny"}:
        raise NotImplementedError(f"principal or effect: {statement}")
    return (
        any(_like(pattern.lower(), asked.action.lower()) for pattern in _listed(statement["Action"]))
        and any(_like(pattern, asked.resource) for pattern in _listed(statement["Resource"]))
        and all(
            _holds(operator, _listed(wanted), asked.context.get(key))
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _holds(operator, wanted, value):
    """Evaluate a condition; a key that the request does not have fulfils only Null."""
    if operator == "Null":
        return (value is None) == (wanted == ["true"])
    if value is None and operator in {"StringLike", "StringEquals", "Bool"}:
        return False
    if operator == "StringLike":
        return any(_like(pattern, value) for pattern in wanted)
    if operator in {"StringEquals", "Bool"}:
        return value in wanted
    raise NotImplementedError(f"condition operator {operator}")


def _like(pattern, text):
    if "${" in pattern:
        raise NotImplementedError(f"policy variable in {pattern}")
    parts = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(parts, text, re.DOTALL) is not None


def _listed(value):
    return [value] if isinstance(value, str) else value
