"""The fields that a class declares, and their comparison with stored fields, which decides what is loaded."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from ptb_bucket._dataclass import dataclass
from ptb_bucket.codecs.types.guards import guarded
from ptb_bucket.codecs.types.load_errors import class_changed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

__all__ = ["Declared", "declared"]


class DrawsDefaults(Protocol):
    """The part of :class:`~ptb_bucket.codecs.types.shape.Scope` that declared fields need."""

    def default(self, name: str, field: str, make: Callable[[], Any]) -> Any:
        """Return the default of a field that the stored data of an instance lacks."""


@dataclass(frozen=True)
class Declared:
    """The fields of one class.

    Attributes:
        cls: The class.
        required: Fields that every stored instance must have.
        defaults: Functions that make the values of fields that stored data lacks, given the instance.
        others: Fields that an instance may have or lack.
        is_closed: Instances have no room for attributes that the class does not declare.
        is_strict: The class forbids such attributes.
        drops_unknown: Pickle would silently leave out such attributes.
    """

    cls: Any
    required: frozenset[str]
    defaults: Mapping[str, Callable[[Any], Any]]
    others: frozenset[str] = frozenset()
    is_closed: bool = False
    is_strict: bool = False
    drops_unknown: bool = False

    @cached_property
    def names(self) -> frozenset[str]:
        """The fields that a stored instance usually has."""
        return self.required.union(self.defaults)

    def check(self, given: Collection[str]) -> list[str]:
        """Compare the fields of stored data with those of the class.

        Args:
            given: The names of the stored fields.

        Returns:
            The fields that need their default.

        Raises:
            CannotLoadError: A required field is missing; a field is unknown and forbidden; or some are unknown and
                others missing, as when a field was renamed.
        """
        if len(given) == len(self.names) and self.names.issuperset(given):
            return []
        missing = [name for name in (*self.required, *self.defaults) if name not in given]
        unknown = [name for name in given if not self._knows(name)]
        if unknown and self.is_closed:  # an instance cannot get them by itself, so the class was different
            missing += [name for name in self.others if name not in given]
        absent = sorted(self.required.difference(given))
        if absent or (unknown and (missing or self.is_strict)):
            raise class_changed(self.cls, self._difference(unknown, absent or missing))
        return missing

    def has_no_room(self, given: Collection[str]) -> bool:
        """Tell whether instances need a carrier to hold these fields.

        Args:
            given: The names of the stored fields.
        """
        return self.is_closed and not all(map(self._knows, given))

    def _knows(self, name: str) -> bool:
        return name in self.required or name in self.defaults or name in self.others or hasattr(self.cls, name)

    @staticmethod
    def _difference(unknown: list[str], missing: list[str]) -> str:
        more = f"has {_listed(unknown)}, which the class does not have" if unknown else ""
        less = f"lacks {_listed(missing)}, which the class has" if missing else ""
        return " and ".join(filter(None, (more, less)))

    def complete(
        self,
        made: Any,
        given: Collection[str],
        name: str,
        scope: DrawsDefaults,
        put: Callable[[Any, str, Any], None],
    ) -> None:
        """Give an instance the defaults of the fields that its stored data lacks.

        Args:
            made: The instance, with the stored fields.
            given: The names of these.
            name: The name that documents have for the class.
            scope: The record that is read.
            put: Sets a field: (instance, name, value).

        Raises:
            CannotLoadError: As :meth:`check`.
        """
        for field in self.check(given):
            make = self.defaults[field]
            put(made, field, scope.default(name, field, lambda make=make: guarded(make, made)))  # type: ignore[misc]


def _listed(names: list[str]) -> str:
    word = "the field" if len(names) == 1 else "the fields"
    return f"{word} {', '.join(map(repr, names))}"


def declared(cls: Any) -> Declared | None:
    """Return the fields that a dataclass, an attrs class, a pydantic model or a named tuple declares.

    Args:
        cls: The class.

    Returns:
        None for a class whose fields nobody declared.
    """
    if dataclasses.is_dataclass(cls):
        return _of_dataclass(cls)
    if hasattr(cls, "__attrs_attrs__"):
        return _of_attrs(cls)
    if hasattr(cls, "model_fields"):
        return _of_model(cls)
    return _of_named_tuple(cls) if issubclass(cls, tuple) and hasattr(cls, "_field_defaults") else None


def _closed(cls: Any) -> bool:
    return not cls.__dictoffset__


def _of_dataclass(cls: Any) -> Declared:
    required: set[str] = set()
    others: set[str] = set()
    defaults: dict[str, Callable[[Any], Any]] = {}
    for field in dataclasses.fields(cls):
        if field.default_factory is not dataclasses.MISSING:
            defaults[field.name] = _ignoring(field.default_factory)
        elif field.default is not dataclasses.MISSING:
            defaults[field.name] = _constant(field.default)
        else:
            (required if field.init else others).add(field.name)
    return Declared(cls, frozenset(required), defaults, frozenset(others), _closed(cls))


def _of_attrs(cls: Any) -> Declared:
    required: set[str] = set()
    others: set[str] = set()
    defaults: dict[str, Callable[[Any], Any]] = {}
    for field in cls.__attrs_attrs__:
        default = field.default
        if hasattr(default, "takes_self"):
            defaults[field.name] = default.factory if default.takes_self else _ignoring(default.factory)
        elif type(default).__name__ != "_Nothing":
            defaults[field.name] = _constant(default)
        else:
            (required if field.init else others).add(field.name)
    closed = _closed(cls)
    return Declared(cls, frozenset(required), defaults, frozenset(others), closed, drops_unknown=closed)


def _of_model(cls: Any) -> Declared:
    required = frozenset(name for name, info in cls.model_fields.items() if info.is_required())
    optional = {name: info for name, info in cls.model_fields.items() if name not in required}
    defaults = {name: _of_field(info) for name, info in optional.items()}
    return Declared(cls, required, defaults, is_strict=cls.model_config.get("extra") == "forbid")


def _of_field(info: Any) -> Callable[[Any], Any]:
    """Return a function that makes a model's default; a factory may take the fields that are known by then."""
    if getattr(info, "default_factory_takes_validated_data", False):  # newer releases of pydantic
        return lambda made: info.default_factory(dict(made.__dict__))
    return lambda _: info.get_default(call_default_factory=True)


def _of_named_tuple(cls: Any) -> Declared:
    defaults = {name: _constant(value) for name, value in cls._field_defaults.items()}
    return Declared(cls, frozenset(cls._fields) - defaults.keys(), defaults, is_closed=True)


def _ignoring(factory: Callable[[], Any]) -> Callable[[Any], Any]:
    return lambda _: factory()


def _constant(value: Any) -> Callable[[Any], Any]:
    return lambda _: value
