"""Tests of an old release and this one as processes on one bucket: both edit, and nothing is lost.

There are two old releases. The last one without ``needs`` comes out of the repository's history. Where that is not at
hand, its tests are skipped; a long run fails. The last one before the code was rearranged is in ``tests/fixtures``,
without the packages that these tests do not use:

    git archive 4a8caaf src ':!src/ptb_bucket/testing' ':!src/ptb_bucket/cli' ':!src/ptb_bucket/serverless' \\
        | xz -9e > tests/fixtures/4a8caaf.tar.xz
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from ptb_bucket.codecs import JsonCodec
from ptb_bucket.state import LAYOUTS, Record
from ptb_bucket.state.document.document import Document
from support.applications.restarting_bot import opened
from support.documents.newer_documents import body_of, header_of, newer
from support.parameters import crossed
from support.processes.child_processes import CHAT, finished, spawn, start_together

OLD = "36b9f0d"
REARRANGED_AFTER = Path(__file__).parents[2] / "fixtures" / "4a8caaf.tar.xz"
PLACES = [(layout, codec) for layout in LAYOUTS for codec in ("json", "pickle")]
TIMES = 8
FEW_TIMES = 3
SHARED = b'{"a":{"$id":1,"n":1},"b":{"$ref":1}}'
NEW = None
"""As a process's source: the library that is tested."""


@pytest.fixture(scope="module")
def old(tmp_path_factory, long) -> Path:
    """Return the source of the old release, ready to be imported."""
    give_up = pytest.fail if long else pytest.skip
    root = tmp_path_factory.mktemp("old")
    git = shutil.which("git")
    repository = Path(__file__).parents[3]
    command = [git, "archive", "--format=zip", OLD, "src"]
    archive = git and subprocess.run(command, cwd=repository, capture_output=True, check=False)
    if not archive or archive.returncode:
        give_up(f"commit {OLD} is not in this copy of the repository (an sdist, or a shallow clone)")
    shutil.unpack_archive(_written(root / "old.zip", archive.stdout), root)
    source = root / "src"
    code = "import ptb_bucket.stores._local; print(ptb_bucket.__file__)"
    found = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(source)}, capture_output=True, text=True, check=False
    )
    if "No module named 'filelock'" in found.stderr:
        give_up(f"the library at commit {OLD} needs filelock, which is not installed")
    assert found.stdout.startswith(str(source)), found.stderr
    return source


@pytest.fixture(scope="module")
def recent(tmp_path_factory) -> Path:
    """Return the source of the last release before the code was rearranged, ready to be imported."""
    root = tmp_path_factory.mktemp("recent")
    with tarfile.open(REARRANGED_AFTER) as archive:
        archive.extractall(root, filter="data")
    code = "import ptb_bucket; print(ptb_bucket.__file__)"
    environment = {**os.environ, "PYTHONPATH": str(root / "src")}
    found = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert found.stdout.startswith(str(root)), found.stderr
    return root / "src"


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


class Bucket:
    """A bot's directory."""

    def __init__(self, root: Path, layout: str = "single", codec: str = "json") -> None:
        self.root, self.options = root, {"layout": layout, "codec": codec}
        self.uri = f"file:{root}?layout={layout}&codec={codec}"
        self.user = {"name": "Ada"}

    def bot(self):
        return opened(self.uri, **self.options)

    async def fill(self) -> None:
        bot = self.bot()
        await bot.update_bot_data({"count": 0, "list": ["first"], "untouched": {"a": 1}})
        await bot.update_user_data(1, self.user)
        await bot.flush()

    def documents(self) -> list[Path]:
        return sorted(path for path in self.root.rglob("*") if path.suffix in (".json", ".pkl"))

    def change(self, how, **what) -> dict[Path, bytes]:
        """Change all documents, and return them."""
        for path in self.documents():
            path.write_bytes(how(path.read_bytes(), **what))
        return {path: path.read_bytes() for path in self.documents()}

    def now(self) -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in self.documents()}

    async def check(self, names: list[str], times: int) -> None:
        """Check that every edit of every process is there exactly once."""
        bot = self.bot()
        mine = [f"{name} {number}" for name in names for number in range(times)]
        bot_data, chat = await bot.get_bot_data(), (await bot.get_chat_data())[CHAT]
        assert bot_data["count"] == len(mine)
        assert bot_data["set"] == set(mine)
        assert sorted(bot_data["list"]) == sorted(["first", *mine])
        assert (bot_data["untouched"], await bot.get_user_data()) == ({"a": 1}, {1: self.user})
        assert sorted(chat["log"]) == sorted(mine)
        assert {name: chat[name] for name in mine} == {name: int(name.split()[1]) for name in mine}
        assert chat["latest"] == dict.fromkeys(names, times - 1)


def by_default(*short: tuple[str, str]) -> pytest.MarkDecorator:
    """Run on every layout and codec with --long, by default on some."""
    params = [pytest.param(*place, marks=() if place in short else pytest.mark.long) for place in PLACES]
    return pytest.mark.parametrize(("layout", "codec"), params)


@by_default(("per-record", "pickle"))
def test_old_and_new_take_turns(old, tmp_path, layout, codec):
    bucket = Bucket(tmp_path / "bucket", layout, codec)
    asyncio.run(bucket.fill())
    for name, source in (("old1", old), ("new1", NEW), ("old2", old), ("new2", NEW)):
        process = spawn("update_in_turns", bucket.uri, name, 2, source=source)
        start_together(process)
        finished(process)
    asyncio.run(bucket.check(["old1", "new1", "old2", "new2"], 2))


@by_default(("single", "json"))
def test_old_and_new_edit_at_once(old, tmp_path, layout, codec):
    bucket = Bucket(tmp_path / "bucket", layout, codec)
    asyncio.run(bucket.fill())
    processes = [spawn("update_in_turns", bucket.uri, name, TIMES, source=source) for name, source in _four(old)]
    start_together(*processes)
    assert sum(int(finished(process)) for process in processes) > 0  # conflicts merged
    asyncio.run(bucket.check([name for name, _ in _four(old)], TIMES))


@pytest.mark.parametrize(("layout", "codec"), crossed(list(LAYOUTS), ["json", "pickle"], strength=1, spread=True))
def test_the_release_before_the_rearrangement_and_this_one_edit_at_once(recent, tmp_path, layout, codec):
    """A user with a shared object is kept as well, and the object stays shared."""
    bucket = Bucket(tmp_path / "bucket", layout, codec)
    bucket.user["tags"] = bucket.user["latest"] = ["a"]
    asyncio.run(bucket.fill())
    processes = [
        spawn("update_in_turns", bucket.uri, name, FEW_TIMES, source=source)
        for name, source in (("old", recent), ("new", NEW))
    ]
    start_together(*processes)
    assert sum(int(finished(process)) for process in processes) > 0  # conflicts merged
    asyncio.run(bucket.check(["old", "new"], FEW_TIMES))
    user = asyncio.run(bucket.bot().get_user_data())[1]
    assert user["tags"] is user["latest"]


def test_the_release_before_the_rearrangement_takes_turns_with_this_one(recent, tmp_path):
    bucket = Bucket(tmp_path / "bucket", "per-type")
    asyncio.run(bucket.fill())
    for name, source in (("old1", recent), ("new1", NEW), ("old2", recent), ("new2", NEW)):
        process = spawn("update_in_turns", bucket.uri, name, 2, source=source)
        start_together(process)
        finished(process)
    asyncio.run(bucket.check(["old1", "new1", "old2", "new2"], 2))


@pytest.mark.parametrize("codec", ["json", "pickle"])
def test_this_release_brings_in_the_spool_of_the_one_before_the_rearrangement(recent, tmp_path, codec):
    bucket = Bucket(tmp_path / "bucket", codec=codec)
    asyncio.run(bucket.fill())
    spool = tmp_path / "spool"
    assert finished(spawn("end_in_an_outage", bucket.uri, spool, source=recent)) == "kept\n"
    assert asyncio.run(opened(bucket.uri, spool_dir=spool).get_bot_data())["list"] == ["first", "late"]
    assert list(spool.glob("*.spool")) == []


def _four(old):
    return [("old1", old), ("new1", NEW), ("old2", old), ("new2", NEW)]


def test_a_document_with_shared_objects_is_refused_by_the_old_one_and_not_changed(old, tmp_path):
    bucket = Bucket(tmp_path / "bucket")
    asyncio.run(bucket.fill())
    running = spawn("run_into_a_newer_library", bucket.uri, source=old)
    assert running.stdout.readline() == "ready\n"
    before = bucket.change(with_shared)
    assert [header_of(data)["needs"] for data in before.values()] == [["refs"]]
    started = finished(spawn("start", bucket.uri, source=old))
    refusal = "it has format 2, and this ptb-bucket reads up to 1: upgrade ptb-bucket"
    assert started.startswith("ForeignDocumentError: ")
    assert refusal in started
    assert str(bucket.documents()[0]) in started
    print("go", file=running.stdin, flush=True)
    refreshed, saved, ended, pending = finished(running).splitlines()
    for said in (refreshed, saved, ended):
        assert refusal in said
    assert ended.startswith("UnsavedError: 1 record is not saved (user_data[1])")
    assert pending == "('user_data[1]',)"
    assert bucket.now() == before


def with_shared(data: bytes) -> bytes:
    """Store shared objects with a commit of this library."""
    document = Document.unpack(data, codec="json", bot_id="123456")
    header = document.header.advanced("somebody", "else")
    return document.changed(header, {Record.user(1): SHARED}, JsonCodec().features).pack()


def test_a_section_that_the_old_one_does_not_know_is_refused_by_it_and_not_changed(old, tmp_path):
    """A bot that has stored timers, which are a section, cannot go back to a release as old as that."""
    bucket = Bucket(tmp_path / "bucket")
    asyncio.run(bucket.fill())
    before = bucket.change(newer, fields={})
    said = finished(spawn("start", bucket.uri, source=old))
    assert said.startswith("CorruptDocumentError: ")
    assert "it has the section 'claims', which is none of ours" in said
    assert bucket.now() == before
    assert [body_of(data) is not None for data in before.values()] == [True]


def test_what_the_old_one_leaves_in_its_spool_is_brought_in_by_the_new_one(old, tmp_path):
    bucket = Bucket(tmp_path / "bucket")
    asyncio.run(bucket.fill())
    spool = tmp_path / "spool"
    process = spawn("end_in_an_outage", bucket.uri, spool, source=old)
    assert finished(process) == "kept\n"
    assert asyncio.run(opened(bucket.uri, spool_dir=spool).get_bot_data())["list"] == ["first", "late"]
    assert list(spool.glob("*.spool")) == []
