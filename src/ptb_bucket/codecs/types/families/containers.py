"""Python's own containers."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.codecs.types.families.numbers import number_classes, number_shape
from ptb_bucket.codecs.types.guards import check_collisions, checked
from ptb_bucket.codecs.types.refusals import factory_refusal, refusal
from ptb_bucket.codecs.types.shape import PartWriter, Shape, Structure

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptb_bucket.codecs.types.shape import Scope

__all__ = ["CONTAINERS", "FACTORIES"]

FACTORIES: Final[dict[str, type]] = {
    cls.__name__: cls
    for cls in (
        *(bool, bytearray, bytes, complex, dict, float, frozenset, int, list, set, str, tuple),
        *(Counter, OrderedDict, defaultdict, deque),
    )
}
"""The factories that a defaultdict may have, besides registered classes, Decimal and Fraction."""


def _write_dict(writer: PartWriter, value: dict[Any, Any], depth: int) -> Any:
    writer.note(value)
    return writer.mapping(value, depth)


def _write_list(writer: PartWriter, value: list[Any], depth: int) -> Any:
    writer.note(value)
    return writer.sequence(value, depth)


def _write_tuple(writer: PartWriter, value: tuple[Any, ...], depth: int) -> Any:
    return {"$tuple": writer.sequence(value, depth)}


def _write_set(writer: PartWriter, value: set[Any], depth: int) -> Any:
    writer.note(value)
    return {"$set": writer.members(value, depth)}


def _write_frozenset(writer: PartWriter, value: frozenset[Any], depth: int) -> Any:
    return {"$frozenset": writer.members(value, depth)}


def _write_deque(writer: PartWriter, value: deque[Any], depth: int) -> Any:
    writer.note(value)
    return {"$deque": [writer.sequence(value, depth), value.maxlen]}


def _write_defaultdict(writer: PartWriter, value: defaultdict[Any, Any], depth: int) -> Any:
    writer.note(value)
    return {"$defaultdict": [_factory_name(value, writer.scope), writer.mapping(value, depth)]}


def _factory_name(value: defaultdict[Any, Any], scope: Scope) -> str | None:
    factory: Any = value.default_factory
    if factory is None:
        return None
    if isinstance(factory, type):
        if FACTORIES.get(factory.__name__) is factory or number_shape(factory):
            return factory.__name__
        shape = scope.registry.named_shape(factory)
        if shape is not None:
            return f"${shape.name}"
    raise factory_refusal()


def _factory(name: Any, scope: Scope) -> Any:
    if name is None:
        return None
    if checked(name, str)[:1] == "$":
        return scope.registry.named(name[1:]).cls
    return FACTORIES[name] if name in FACTORIES else {cls.__name__: cls for cls in number_classes()}[name]


def _fill_dict(made: Any, payload: Any, _: Scope) -> None:
    made.update(checked(payload, dict))


def _fill_defaultdict(made: Any, payload: Any, _: Scope) -> None:
    made.update(checked(payload[1], dict))


def _fill_list(made: Any, payload: Any, _: Scope) -> None:
    made.extend(checked(payload, list))


def _fill_set(made: Any, payload: Any, _: Scope) -> None:
    check_collisions(checked(payload, list))
    made.update(payload)


def _fill_deque(made: Any, payload: Any, _: Scope) -> None:
    made.extend(checked(payload[0], list))


def _frozenset(payload: Any, _: Scope) -> frozenset[Any]:
    check_collisions(checked(payload, list))
    return frozenset(payload)


def _container(cls: Any, name: str, take: Any, begin: Any, fill: Any, write: Any, **more: Any) -> Shape:  # noqa: PLR0913, PLR0917  a row of the table
    def make(payload: Any, scope: Scope) -> Any:
        made = begin(payload, scope)
        fill(made, payload, scope)
        return made

    return Shape(cls, name, take, make, begin=begin, fill=fill, write=write, **more)


def _like_dict(cls: type) -> Shape:
    """Return the shape of a dict class that may carry attributes, which are not stored."""

    def take(value: Any, _: Scope) -> dict[Any, Any]:
        if vars(value):
            raise refusal(value, why="it has attributes, which would be lost")
        return dict(value.items())

    name = cls.__name__.lower()

    def write(writer: PartWriter, value: Any, depth: int) -> Any:
        writer.note(value)
        take(value, writer.scope)
        return {f"${name}": writer.mapping(value, depth)}

    return _container(cls, name, take, _begin(cls), _fill_dict, write, pickles_itself=cls is OrderedDict, **_MAPPING)


def _itself(value: Any, _: Scope) -> Any:
    return value


def _members(value: Any, _: Scope) -> list[Any]:
    return list(value)


def _begin(cls: Callable[[], Any]) -> Callable[[Any, Scope], Any]:
    return lambda *_: cls()


_MAPPING: Final = {"structure": Structure.MAPPING, "has_identity": True}
_SEQUENCE: Final = {"structure": Structure.SEQUENCE, "has_identity": True}

CONTAINERS: Final[tuple[Shape, ...]] = (
    _container(dict, "dict", _itself, _begin(dict), _fill_dict, _write_dict, pickles_itself=True, **_MAPPING),
    _container(list, "list", _itself, _begin(list), _fill_list, _write_list, pickles_itself=True, **_SEQUENCE),
    Shape(tuple, "tuple", _members, lambda payload, _: tuple(checked(payload, list)), write=_write_tuple,
          pickles_itself=True),
    _container(set, "set", _members, _begin(set), _fill_set, _write_set, pickles_itself=True,
               structure=Structure.SET, has_identity=True),
    Shape(frozenset, "frozenset", _members, _frozenset, write=_write_frozenset, pickles_itself=True,
          structure=Structure.SET),
    _container(deque, "deque", lambda value, _: [list(value), value.maxlen],
               lambda payload, _: deque(maxlen=payload[1]), _fill_deque, _write_deque, pickles_itself=True,
               **_SEQUENCE),
    _container(defaultdict, "defaultdict", lambda value, scope: [_factory_name(value, scope), dict(value.items())],
               lambda payload, scope: defaultdict(_factory(payload[0], scope)), _fill_defaultdict, _write_defaultdict,
               pickles_itself=True, **_MAPPING),
    _like_dict(Counter),
    _like_dict(OrderedDict),
)  # fmt: skip
