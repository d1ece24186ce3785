"""Deliberate bugs: the oracle notices each of them within a few runs."""

from __future__ import annotations

import copy
import dataclasses

import pytest

from ptb_bucket.codecs import JsonCodec, PickleCodec
from ptb_bucket.errors import PTBBucketError
from ptb_bucket.state import RecordMerger
from ptb_bucket.state.merge import containers
from ptb_bucket.state.replica.values import Values
from support.documents.virtual_time import run_virtually
from support.oracle.applications import COMBINATIONS
from support.oracle.changed_classes import turns_of
from support.oracle.edits_at_once import AtOnce, MisplacedError
from support.oracle.runs import DifferentError, Run
from support.oracle.snapshots import Snapshot


def _after_decoding(patch, change):
    """Let ``change`` do something to the objects of each record that is decoded."""

    def changed(value):
        change(Snapshot.of(value).nodes)
        return value

    for codec in (JsonCodec, PickleCodec):
        patch.setattr(codec, "decode", _then(codec.decode, changed))
        patch.setattr(codec, "decode_all", _then(codec.decode_all, lambda values: [*map(changed, values)]))


def _then(function, change):
    return lambda *args, **kwargs: change(function(*args, **kwargs))


def _to_each(change):
    def to_all(nodes):
        for node in nodes:
            change(node)

    return to_all


def drop_sharing(patch):
    def change(nodes):
        seen = set()
        for node in nodes:
            for key, value in list(node.items()) if type(node) is dict else []:
                if id(value) in seen and type(value) in (dict, list):
                    node[key] = copy.copy(value)
                seen.add(id(value))

    _after_decoding(patch, change)


def drop_the_default_factory(patch):
    def change(node):
        if hasattr(node, "default_factory"):
            node.default_factory = None

    _after_decoding(patch, _to_each(change))


def drop_the_order(patch):
    def change(node):
        if type(node) is dict:
            items = sorted(node.items(), key=lambda item: ascii(item[0]))
            node.clear()
            node.update(items)

    _after_decoding(patch, _to_each(change))


def load_another_type(patch):
    def change(node):
        for key, value in list(node.items()) if type(node) is dict else []:
            if isinstance(value, bool):
                node[key] = int(value)

    _after_decoding(patch, _to_each(change))


def drop_an_unknown_field(patch):
    def change(node):
        if dataclasses.is_dataclass(node):
            known = {field.name for field in dataclasses.fields(node)}
            for name in [name for name in getattr(node, "__dict__", {}) if name not in known]:
                del node.__dict__[name]

    _after_decoding(patch, _to_each(change))


def drop_the_neighbours(patch):
    patch.setattr(RecordMerger, "encode_storable", lambda _self, _record, _value, before: before)


def double_an_element(patch):
    merge_lists = containers.merge_lists

    def with_one_more(*args):
        merged = merge_lists(*args)
        return [*merged, *merged[-1:]]

    patch.setattr(containers, "merge_lists", with_one_more)


def replace_live_objects(patch):
    merge_into = Values.merge_into

    def with_others(self, record, live, replace=None):
        merged = merge_into(self, record, live, replace)
        if isinstance(live, dict):
            new = copy.deepcopy(dict(live), {id(live): live})
            live.clear()
            live.update(new)
        return merged

    patch.setattr(Values, "merge_into", with_others)


def restarts(seed, folder, combination):
    return Run(seed, folder, combination).restarts()


def hostile(seed, folder, combination):
    return Run(seed, folder, combination, hostile=True).restarts()


def at_once(seed, folder, combination):
    return AtOnce(seed, combination).live()


def changed(seed, folder, combination):
    return turns_of("dataclass", seed)


BUGS = {
    drop_sharing: restarts,
    double_an_element: at_once,
    drop_the_default_factory: restarts,
    drop_the_order: restarts,
    drop_the_neighbours: hostile,
    load_another_type: restarts,
    replace_live_objects: at_once,
    drop_an_unknown_field: changed,
}
"""Each with the kind of run that has to notice it."""


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_it_is_noticed_within_thirty_runs(bug, tmp_path, monkeypatch):
    kind = BUGS[bug]
    with monkeypatch.context() as patch:
        bug(patch)
        noticed = next((seed for seed in range(30) if _fails(kind, seed, tmp_path)), None)
    assert noticed is not None, "a deliberate bug went unnoticed in thirty runs"
    assert not _fails(kind, noticed, tmp_path), "the same run fails without the bug, too"


def _fails(kind, seed, folder) -> str:
    try:
        run_virtually(kind(seed, folder, COMBINATIONS[seed % len(COMBINATIONS)]))
    except MisplacedError:
        return ""  # tolerated in long runs, so it does not count as a notice
    except (DifferentError, PTBBucketError) as error:
        return f"{type(error).__name__}: {error}"
    return ""
