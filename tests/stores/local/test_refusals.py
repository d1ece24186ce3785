"""Tests of what a local store refuses: links, other than ordinary files, long paths, missing permissions."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

import pytest

from ptb_bucket.errors import AccessError, UnsupportedError
from ptb_bucket.stores import Create, LocalStore, Update
from support.processes.child_processes import run

NOBODY = 65534
as_root = pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="becomes another user, which takes root")


async def refuses_everything(store, key="a"):
    with pytest.raises(AccessError):
        await store.get(key)
    with pytest.raises(AccessError):
        await store.put(key, b"1", Create())
    with pytest.raises(AccessError):
        await store.delete(key)
    with pytest.raises(AccessError):
        [info async for info in store.list()]


async def test_the_root_may_be_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    await LocalStore(tmp_path / "link").put("a/b", b"1", Create())
    assert (tmp_path / "real" / "a.d" / "b").read_bytes() == b"1"


async def test_a_root_that_links_to_nowhere_is_not_empty(tmp_path):
    (tmp_path / "link").symlink_to("not-mounted")
    store = LocalStore(tmp_path / "link")
    await refuses_everything(store)
    assert not (tmp_path / "not-mounted").exists()


async def test_linked_files_and_directories_are_refused(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x").write_bytes(b"secret")
    root = tmp_path / "root"
    root.mkdir()
    (root / "file").symlink_to(outside / "x")
    (root / "dir.d").symlink_to(outside)
    (root / "loop").symlink_to("loop")
    store = LocalStore(root)
    for key in ("file", "dir/x", "loop"):
        await refuses_everything(store, key)
    assert (outside / "x").read_bytes() == b"secret"


async def test_a_link_that_comes_between_the_look_and_the_opening_is_not_followed(tmp_path, monkeypatch):
    (tmp_path / "outside").write_bytes(b"secret")
    store = LocalStore(tmp_path / "root")
    etag = await store.put("a", b"1", Create())
    path, real = tmp_path / "root" / "a", os.open

    def planting(opened, *rest):
        if Path(opened) == path:
            path.unlink(missing_ok=True)
            path.symlink_to(tmp_path / "outside")
        return real(opened, *rest)

    monkeypatch.setattr(os, "open", planting)
    for operation in (store.get, store.delete, lambda key: store.put(key, b"2", Update(etag))):
        path.unlink(missing_ok=True)
        path.write_bytes(b"1")
        with pytest.raises(AccessError):
            await operation("a")
    assert (tmp_path / "outside").read_bytes() == b"secret"


@pytest.mark.parametrize("name", ["file", "dir.d"])
async def test_a_link_is_refused_in_a_listing_that_would_show_it(tmp_path, name):
    (tmp_path / "outside").mkdir()
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / name).symlink_to(tmp_path / "outside")
    store = LocalStore(tmp_path / "root")
    with pytest.raises(AccessError):
        [info async for info in store.list()]
    assert [info async for info in store.list("elsewhere")] == []


async def test_a_path_too_long_is_refused_before_anything_is_made(tmp_path):
    with pytest.raises(UnsupportedError):
        await LocalStore(tmp_path / "root").put("/" * 1024, b"1", Create())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("make", [os.mkdir, getattr(os, "mkfifo", os.mkdir)])
async def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path, make):
    make(tmp_path / "a")
    store = LocalStore(tmp_path)
    with pytest.raises(AccessError, match="regular file"):
        await asyncio.wait_for(store.get("a"), 5)
    with pytest.raises(AccessError):
        await store.put("a", b"1", Create())


async def test_files_of_somebody_else_are_left_alone(tmp_path):
    for name in ("README.md", ".hidden", "Makefile"):
        (tmp_path / name).write_bytes(b"theirs")
    (tmp_path / "src").mkdir()
    store = LocalStore(tmp_path)
    await store.put("a", b"1", Create())
    assert [info.key async for info in store.list()] == ["a"]
    assert (tmp_path / "README.md").read_bytes() == b"theirs"


NOT_ALLOWED = """
    import asyncio, os, sys
    from ptb_bucket.errors import AccessError
    from ptb_bucket.stores import Create, LocalStore

    async def listed(store):
        return [info async for info in store.list()]

    async def all_denied(root):
        store = LocalStore(root)
        for operation in (store.get("a"), store.delete("a"), store.put("b", b"", Create()), listed(store)):
            try:
                await operation
            except AccessError as exc:
                assert root in str(exc), exc
            else:
                sys.exit("allowed")

    # Once with a root that is a file: another user may be unable to read what Python imports on the way.
    asyncio.run(all_denied(sys.argv[1] + "/file"))
    os.setgroups([])
    os.setgid(int(sys.argv[2]))
    os.setuid(int(sys.argv[2]))
    asyncio.run(all_denied(sys.argv[1] + "/root"))
"""


@as_root
@pytest.mark.parametrize("allowed", [0o700, 0o000])
def test_what_this_user_may_not_read_is_denied_and_not_empty(allowed):
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        Path(name, "file").touch()
        root = Path(name, "root")
        asyncio.run(LocalStore(root).put("a", b"1", Create()))
        root.chmod(allowed)
        assert run(NOT_ALLOWED, name, NOBODY).wait(30) == 0


@as_root
def test_an_unreadable_object_is_denied(tmp_path):
    asyncio.run(LocalStore(tmp_path).put("a", b"1", Create()))
    code = """
        import asyncio, os, sys
        from ptb_bucket.errors import AccessError
        from ptb_bucket.stores import LocalStore
        store = LocalStore(sys.argv[1])
        asyncio.run(store.get("a"))
        os.chmod(sys.argv[1], 0o755)
        os.chdir(sys.argv[1])
        store.root = type(store.root)(".")  # its parents belong to root
        os.setuid(65534)
        try:
            asyncio.run(store.get("a"))
        except AccessError:
            sys.exit(42)
    """
    assert run(code, tmp_path).wait(30) == 42
