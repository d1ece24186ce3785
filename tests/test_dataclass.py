"""Differential tests: our dataclasses behave as the standard library's with the same options."""

from __future__ import annotations

import dataclasses
import pickle
from dataclasses import field

import pytest

from ptb_bucket._dataclass import dataclass

OPTIONS = [
    {},
    {"frozen": True},
    {"eq": False},
    {"repr": False},
    {"frozen": True, "eq": False, "repr": False},
]


def pair(**options):
    """Make a class with both decorators."""

    def define(decorate):
        @decorate
        class Thing:
            one: int
            many: list[int] = field(default_factory=list, compare=False)
            hidden: str = field(default="x", repr=False)

            def total(self):
                return self.one + len(self.many)

        return Thing

    return define(dataclass(**options)), define(dataclasses.dataclass(**options))


def outcome(call):
    """Return what a call returned, or the type and text of its error."""
    try:
        return call()
    except Exception as error:  # noqa: BLE001  compared
        return type(error), str(error).replace("Thing.", "")


def without_place(text):
    return text if isinstance(text, tuple) else text.split(" at 0x")[0]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_instances_behave_alike(options):
    for cls in pair(**options):
        cls.__qualname__ = "Thing"
    ours, standard = pair(**options)
    for call in (
        lambda cls: cls(1) == cls(1),
        lambda cls: cls(1) == cls(2),
        lambda cls: cls(1, [2]) == cls(1, [3]),
        lambda cls: cls(1, hidden="y") == cls(1),
        lambda cls: cls(1) == 1,
        lambda cls: hash(cls(1)) == hash(cls(1)),
        lambda cls: hash(cls(1, [2])) == hash(cls(1, [3])),
        lambda cls: without_place(repr(cls(1, [2]))),
        lambda cls: setattr(cls(1), "one", 2),
        lambda cls: delattr(cls(1), "one"),
        lambda cls: setattr(cls(1), "other", 2),
        lambda cls: dataclasses.replace(cls(1, [2]), one=5).one,
        lambda cls: dataclasses.asdict(cls(1, [2])),
        lambda cls: cls().one,
        lambda cls: cls(1, [2]).total(),
    ):
        assert outcome(lambda call=call: call(ours)) == outcome(lambda call=call: call(standard))


@dataclass(frozen=True)
class Kept:
    """A class that pickle finds."""

    one: int


def test_a_frozen_instance_is_pickled():
    assert pickle.loads(pickle.dumps(Kept(1))) == Kept(1)


def test_own_methods_stay():
    @dataclass
    class Own:
        one: int

        def __repr__(self):
            return "mine"

        def __eq__(self, other):
            return True

        __hash__ = None

    assert repr(Own(1)) == "mine"
    assert Own(1) == Own(2)
