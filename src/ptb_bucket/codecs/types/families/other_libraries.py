"""Values of other libraries that bots often use: numpy's numbers, pydantic's URLs, time zones of date parsers."""

from __future__ import annotations

import importlib
import math
from typing import Any, Final

from ptb_bucket.codecs.types.families.times import FOREIGN_ZONES, foreign_zone
from ptb_bucket.codecs.types.guards import checked
from ptb_bucket.codecs.types.refusals import refusal
from ptb_bucket.codecs.types.shape import Shape, leaf

__all__ = ["OTHER_LIBRARIES", "shape_of_foreign"]


def shape_of_foreign(cls: Any) -> Shape | None:
    """Return the shape of another library's class, if it is known. No library is imported.

    Args:
        cls: The class of a value.
    """
    root = cls.__module__.partition(".")[0]
    if root == "numpy":
        return _NUMPY if any(base.__name__ == "generic" for base in cls.__mro__) else None
    if root in {"pydantic", "pydantic_core"} and (cls.__name__ in _URLS or _is_url(cls)):
        return _URL
    return foreign_zone(cls)


def _is_url(cls: Any) -> bool:
    return cls.__module__ == "pydantic.networks" and any(base.__name__ in _BASES for base in cls.__mro__)


def _number(value: Any) -> list[Any]:
    plain = value.item()
    if type(plain) not in (bool, int, float, complex, str):
        raise refusal(value, why="it does not fit any built-in number type")
    if type(plain) is complex or (type(plain) is float and not math.isfinite(plain)):
        plain = str(plain)
    return [type(value).__name__, plain]


def _from_number(payload: Any) -> Any:
    name, plain = payload
    numpy: Any = importlib.import_module("numpy")
    cls = getattr(numpy, checked(name, str))
    if issubclass(cls, numpy.complexfloating):
        return cls(complex(plain))
    if issubclass(cls, numpy.floating):
        return cls(float(plain))
    kinds = {numpy.bool_: bool, numpy.integer: int, numpy.str_: str}
    return cls(checked(plain, next(kind for base, kind in kinds.items() if issubclass(cls, base))))


def _url(value: Any) -> list[str]:
    return [type(value).__name__, str(value)]


def _from_url(payload: Any) -> Any:
    name, text = payload
    module: Any = importlib.import_module("pydantic_core" if checked(name, str) in _URLS else "pydantic.networks")
    cls = getattr(module, name)
    if name not in _URLS and not _is_url(cls):
        raise TypeError("url")
    return cls(checked(text, str))


_URLS: Final = ("Url", "MultiHostUrl")
_BASES: Final = ("_BaseUrl", "_BaseMultiHostUrl")
_NUMPY: Final = leaf(object, "numpy.number", _number, _from_number, pickled_by_shape=True)
_URL: Final = leaf(object, "pydantic.url", _url, _from_url, pickled_by_shape=True)

OTHER_LIBRARIES: Final[tuple[Shape, ...]] = (_NUMPY, _URL, *FOREIGN_ZONES)
