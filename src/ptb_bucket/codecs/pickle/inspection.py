"""The structure of a pickle, read without running any of it.

A pickle reaches code only through ``find_class``. Here, it returns stubs, which note how the pickle uses the objects,
and a few of Python's own types, which are written in C and only hold values.
"""

from __future__ import annotations

import datetime as dt
import io
import pickle
import pickletools
from collections import Counter, OrderedDict, deque
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket._wording import RESTORE
from ptb_bucket.codecs import _allowed as allowed
from ptb_bucket.codecs.json import UnknownInstance, graph_tree
from ptb_bucket.codecs.json_text import compact_json
from ptb_bucket.codecs.pickle.cost import check_cost
from ptb_bucket.codecs.pickle.stubs import InspectionStub, stub_for
from ptb_bucket.codecs.types import Registry, Scope
from ptb_bucket.errors import CannotLoadError, CannotStoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


__all__ = ["inspect_ptb_pickle", "render_inspected", "render_pickle"]

_REAL: Final = {
    (cls.__module__, cls.__qualname__): cls
    for cls in (dt.date, dt.timedelta, dt.timezone, Decimal, OrderedDict, complex, deque, range)
}
_MOMENTS: Final = {("datetime", cls.__name__): cls for cls in (dt.datetime, dt.time)}
"""Not among the real types, because they accept no stub as a zone."""

_NEW: Final = object()
_MOST_PARTS: Final = 200_000
"""A pickle of a few bytes can have more parts than any memory holds, by naming the same one twice, again and again."""


class _StubUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Return a real type or a class of stubs; nothing is ever imported."""
        return _REAL.get((module, name)) or stub_for(module, name)


def render_pickle(data: bytes) -> str:
    """Return a pickle as JSON text, or as a list of its instructions if JSON cannot express it or would be too costly.

    Args:
        data: The pickle. It needs no trust.

    Raises:
        CannotLoadError: It is damaged.
    """
    try:
        check_cost(io.BytesIO(data))
        value = _StubUnpickler(io.BytesIO(data)).load()
    except CannotLoadError:
        return _instructions(data)
    except Exception as error:  # noqa: BLE001  damage may raise anything, and its message may quote the data
        raise _damaged(error) from None
    try:
        # Not checked whether it can be loaded: these values only stand for others.
        return compact_json(graph_tree(Scope(Registry(), None), _Rendering().of(value)))
    except Exception:  # noqa: BLE001  Python's pickles have this structure; one made by hand need not
        return _instructions(data)


class _PtbStubUnpickler(_StubUnpickler):
    """The same for files of PTB's PicklePersistence, in which a mark stands for the bot."""

    def persistent_load(self, _: Any) -> None:
        """Return None for the bot."""


def inspect_ptb_pickle(data: bytes) -> Any:
    """Return the content of a file of PTB's PicklePersistence, with stand-ins for instances of all classes.

    Args:
        data: The file. It needs no trust, because none of its code is imported or run.

    Raises:
        CannotLoadError: It is damaged, or too costly to read.
    """
    try:
        check_cost(io.BytesIO(data))
        return _Rendering().of(_PtbStubUnpickler(io.BytesIO(data)).load())
    except CannotLoadError:
        raise
    except Exception as error:  # noqa: BLE001  damage may raise anything, and its message may quote the data
        raise CannotLoadError(f"the file is not a valid pickle ({type(error).__name__})") from None


def render_inspected(value: Any) -> str:
    """Return a part of :func:`inspect_ptb_pickle` as JSON text. Raises CannotStoreError if JSON cannot express it."""
    return compact_json(graph_tree(Scope(Registry(), None), value))


def _damaged(error: Exception) -> CannotLoadError:
    return CannotLoadError(f"the stored data is not a valid pickle ({type(error).__name__}). {RESTORE}")


def _instructions(data: bytes) -> str:
    listing = io.StringIO()
    try:
        pickletools.dis(data, listing)
    except Exception as error:  # noqa: BLE001  as above
        raise _damaged(error) from None
    return listing.getvalue()


class _Rendering:
    """A rendering of stubs as instances of unknown classes, with their names in JSON. A shared object stays shared."""

    def __init__(self) -> None:
        self.left = _MOST_PARTS
        self.done: dict[int, Any] = {}
        self.kept: list[Any] = []
        self.is_inside_value = False

    def of(self, value: Any) -> Any:
        if not self.is_inside_value and (known := self.done.get(id(value), _NEW)) is not _NEW:
            return known
        self.left -= 1
        if self.left < 0:
            raise CannotStoreError("the value has too many parts")
        self.kept.append(value)  # so that its id is not given to another one
        if isinstance(value, InspectionStub):
            return self._stub(value)
        if isinstance(value, type):
            return UnknownInstance(".".join(getattr(value, "named", (value.__module__, value.__qualname__))), None)
        if isinstance(value, (list, deque, dict)):
            return self._container(value)
        if type(value) is set:
            return self._begun(value, set(map(self.of, value)))
        return type(value)(map(self.of, value)) if type(value) in (tuple, frozenset) else value

    def _container(self, value: Any) -> Any:
        """Render a container. It is noted while it is empty, because its members may refer to it."""
        if isinstance(value, dict):
            made = self._begun(value, type(value)())
            made.update((self.of(key), self.of(inner)) for key, inner in value.items())
            return made
        made = self._begun(value, deque(maxlen=value.maxlen) if type(value) is deque else [])
        made.extend(map(self.of, value))
        return made

    def _begun(self, value: Any, made: Any) -> Any:
        if not self.is_inside_value:
            self.done[id(value)] = made
        return made

    def _stub(self, value: InspectionStub) -> Any:
        """Render a stub. JSON writes values at each place where they occur, with all their parts."""
        before = self.is_inside_value
        self.is_inside_value = before or _is_value(value)
        try:
            return self._rendered(value)
        finally:
            self.is_inside_value = before

    def _rendered(self, value: InspectionStub) -> Any:
        made = self._begun(value, UnknownInstance("", None))
        found = _unknown_instance(self.rendered(value))
        if type(found) is not UnknownInstance:  # one of Python's values, which has no parts
            return self._begun(value, found)
        made.name, made.payload = found.name, found.payload
        return made

    def rendered(self, value: InspectionStub) -> InspectionStub:
        """Return the stub with rendered parts."""
        made = type(value)(*map(self.of, value.args), **{key: self.of(inner) for key, inner in value.kwargs.items()})
        made.state, made.members = self.of(value.state), list(map(self.of, value.members))
        made.pairs = [(self.of(key), self.of(inner)) for key, inner in value.pairs]
        return made


_VALUES: Final = frozenset({"thing", "member", "bot"})
_NAMED_VALUES: Final = frozenset(
    (allowed.DEFAULT_VALUE, *(name for cls, name in allowed.NAMES.items() if cls is not Counter))
)


def _is_value(value: InspectionStub) -> bool:
    """Tell whether a stub stands for a value without identity, such as a Telegram object or an enum member."""
    module, name = value.named
    first = value.args[0] if value.args else None
    named = type(first) is str and first in _NAMED_VALUES
    return module == allowed.__name__ and (name in _VALUES or (name == "object_" and named))


def _unknown_instance(value: InspectionStub) -> Any:
    module, name = value.named
    if value.named in _MOMENTS:
        return _moment(_MOMENTS[value.named], *value.args)
    try:
        if module == allowed.__name__ and (name == "bot" or isinstance(value.args[0], str)):
            return _OURS[name](value)
    except (KeyError, IndexError):
        pass  # a pickle that only resembles ours
    return UnknownInstance(f"{module}.{name}", _content(value, value.args, value.kwargs))


def _moment(cls: Any, state: Any, zone: Any = None) -> Any:
    naive = cls(state)  # as they pickle themselves
    if zone is None or isinstance(zone, dt.tzinfo):
        return naive.replace(tzinfo=zone)
    return UnknownInstance(cls.__name__, [naive.isoformat(), zone, naive.fold])


def _object(value: InspectionStub) -> UnknownInstance:
    name, _, args, kwargs = (*value.args, (), {})[:4]
    return UnknownInstance(name, _content(value, args, kwargs))


def _content(value: InspectionStub, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """Return the content of the stub: only its attributes, if it has nothing else."""
    kept = {"args": list(args), "kwargs": kwargs, "state": value.state, "members": value.members, "pairs": value.pairs}
    found = {name: part for name, part in kept.items() if part}
    return found["state"] if list(found) == ["state"] else found


_OURS: Final[Mapping[str, Callable[[InspectionStub], UnknownInstance]]] = {
    "object_": _object,
    "stored": lambda value: UnknownInstance(value.args[0], value.args[1]),
    "member": lambda value: UnknownInstance(value.args[0], value.args[1]),
    "default": lambda value: UnknownInstance("defaultdict", [value.args[0], dict(value.pairs)]),
    "thing": lambda value: UnknownInstance("telegram", list(value.args)),
    "bot": lambda value: UnknownInstance("bot", value.args[0]),
}
