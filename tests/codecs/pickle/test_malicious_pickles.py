"""Tests that loading from a bucket never runs code that the allow-list does not name."""

from __future__ import annotations

import copyreg
import os
import pickle
import sys

import pytest

from ptb_bucket.codecs import PickleCodec
from ptb_bucket.errors import CannotLoadError
from ptb_bucket.stores import Create, MemoryStore
from ptb_bucket.testing.conformance.instances import Instances
from support.values import malicious_pickles
from support.values.strategies import TYPES

EFFECTIVE = list(malicious_pickles.effective("x"))


@pytest.fixture
def target(tmp_path):
    return tmp_path / "made"


@pytest.fixture(autouse=True)
def _nothing_happens():
    """Check that no attack leaves an extension, a module or an attribute behind in this process."""
    before = dict(copyreg._extension_registry), set(sys.modules) & {"antigravity", "this"}, dict(copyreg.dispatch_table)
    yield
    after = dict(copyreg._extension_registry), set(sys.modules) & {"antigravity", "this"}, dict(copyreg.dispatch_table)
    assert before == after
    assert not hasattr(os, "mark")


@pytest.mark.parametrize("name", EFFECTIVE)
def test_what_works_elsewhere_is_refused_here(name, target):
    data = malicious_pickles.effective(str(target))[name]
    for codec in (PickleCodec(), PickleCodec(TYPES)):
        with pytest.raises(CannotLoadError):
            codec.decode(data)
    assert not target.exists()


@pytest.mark.parametrize("name", EFFECTIVE)
def test_it_does_work_elsewhere(name, target):
    """Otherwise the test above would show nothing."""
    try:
        pickle.loads(malicious_pickles.effective(str(target))[name])
    finally:
        if ("os", "mkdir") in copyreg._extension_registry:
            copyreg.remove_extension("os", "mkdir", 0xF1)
    assert target.exists()


@pytest.mark.parametrize(("name", "data"), malicious_pickles.probes().items(), ids=malicious_pickles.probes())
def test_probes_are_refused(name, data):
    with pytest.raises(CannotLoadError):
        PickleCodec(TYPES).decode(data)


@pytest.mark.parametrize("name", EFFECTIVE)
async def test_one_costs_its_user_and_runs_nothing(name, target):
    store = MemoryStore()
    data = malicious_pickles.document(malicious_pickles.effective(str(target))[name])
    await store.put("state.pkl", data, Create())
    async with Instances(codec="pickle") as bots:
        data_by_user = await bots.open(store).get_user_data()
        with pytest.raises(CannotLoadError):
            _ = data_by_user[42]
    assert not target.exists()
    assert (await store.get("state.pkl")).data == data
