"""Differential tests: our dataclasses behave as the standard library's with the same options."""

from __future__ import annotations

import dataclasses
import inspect
import pickle
from dataclasses import field
from typing import ClassVar

import pytest

from ptb_bucket import _dataclass
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
            made: list[int] = field(default_factory=list, init=False, compare=False)
            absent: str = field(init=False, repr=False, compare=False)

            def __post_init__(self):
                if self.hidden == "twice":
                    self.made.append(self.one)

            def total(self):
                return self.one + len(self.many)

        return Thing

    return define(dataclass(**options)), define(dataclasses.dataclass(**options))


def compile_init(cls):
    first = cls.__init__
    for _ in range(_dataclass._FEW + 1):
        cls(1)
    assert cls.__init__ is not first
    assert inspect.signature(cls).parameters.keys() == {field.name for field in dataclasses.fields(cls) if field.init}


def outcome(call):
    """Return what a call returned, or the type and text of its error."""
    try:
        return call()
    except Exception as error:  # noqa: BLE001  compared
        return type(error), str(error).replace("Thing.", "")


def without_place(text):
    return text if isinstance(text, tuple) else text.split(" at 0x")[0]


@pytest.mark.parametrize("is_compiled", [False, True], ids=["few", "many"])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_instances_behave_alike(options, is_compiled):
    ours, standard = pair(**options)
    if is_compiled:
        compile_init(ours)
    for call in (
        lambda cls: cls(1) == cls(1),
        lambda cls: cls(1) == cls(2),
        lambda cls: cls(1, [2]) == cls(1, [3]),
        lambda cls: cls(1, hidden="y") == cls(1),
        lambda cls: cls(1) == 1,
        lambda cls: len({hash(each) for each in [cls(1), cls(1)]}),
        lambda cls: len({hash(each) for each in [cls(1, [2]), cls(1, [3])]}),
        lambda cls: without_place(repr(cls(1, [2]))),
        lambda cls: setattr(cls(1), "one", 2),
        lambda cls: delattr(cls(1), "one"),
        lambda cls: setattr(cls(1), "other", 2),
        lambda cls: dataclasses.replace(cls(1, [2]), one=5).one,
        lambda cls: dataclasses.asdict(cls(1, [2])),
        lambda cls: cls().one,
        lambda cls: cls(many=[3]),
        lambda cls: cls(1, one=2),
        lambda cls: cls(1, other=2),
        lambda cls: cls(1, [2], "y", 4),
        lambda cls: cls(1, made=[3]),
        lambda cls: vars(cls(hidden="twice", one=1, many=[3])),
        lambda cls: list(vars(cls(1, [2], "y"))),
        lambda cls: cls(1).many is cls(1).many,
        lambda cls: cls(1).absent,
        lambda cls: cls.hidden,
        lambda cls: cls.__init__.__qualname__,
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


def test_a_subclass_makes_its_own_fields():
    @dataclass
    class Base:
        one: int

    @dataclass
    class More(Base):
        two: int = 2

    for _ in range(_dataclass._FEW + 2):
        assert vars(More(1)) == {"one": 1, "two": 2}
        assert vars(Base(1)) == {"one": 1}


def family(decorate, base_decorate=None):
    """Define a class with a base and the annotations that are not fields."""

    @(base_decorate or decorate)
    class Base:
        one: int
        two: list[int] = field(default_factory=list)

    @decorate
    class Silent(Base):
        pass

    @decorate
    class Child(Silent):
        shared: ClassVar[int] = 5
        two: list[int] = field(default_factory=lambda: [2])
        three: int = 3

    @decorate
    class Last(Child):
        four: int = field(default=4, repr=False)

    return Base, Silent, Child, Last


@pytest.mark.parametrize("base", [None, dataclasses.dataclass], ids=["ours", "standard base"])
def test_subclasses_and_class_variables_are_as_in_the_standard_library(base):
    for ours, standard in zip(family(dataclass, base), family(dataclasses.dataclass), strict=True):
        assert dataclasses.is_dataclass(ours)
        names, expected = (
            [(each.name, each.type, each.init, each.repr) for each in dataclasses.fields(cls)]
            for cls in (ours, standard)
        )
        assert names == expected
        assert without_place(repr(ours(1))) == without_place(repr(standard(1)))
        assert vars(ours(1)) == vars(standard(1))
        assert dataclasses.asdict(ours(1)) == dataclasses.asdict(standard(1))


def test_a_class_is_examined_when_its_fields_are_asked_for():
    @dataclass
    class Late:
        one: int = field(default=1)
        many: list[int] = field(default_factory=list)

    assert "__dataclass_params__" not in vars(Late)
    assert (Late.one, hasattr(Late, "many")) == (1, False)
    before = Late(2)
    assert [each.name for each in dataclasses.fields(Late)] == ["one", "many"]
    assert "__dataclass_params__" in vars(Late)
    assert (Late.one, hasattr(Late, "many")) == (1, False)
    assert before == Late(2) == dataclasses.replace(Late(), one=2)


def test_a_default_that_instances_would_share_is_refused():
    def define(decorate):
        @decorate
        class Shared:
            many: list[int] = []  # noqa: RUF012  that is the mistake

    assert outcome(lambda: define(dataclass)) == outcome(lambda: define(dataclasses.dataclass))
