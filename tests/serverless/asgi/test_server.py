"""Tests of the ASGI entry point over HTTP, under a real uvicorn in a separate process."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from support.serverless.asgi_server import HEADERS, logs, post, serving, state, update


async def until(true, seconds=15.0):
    """Ask again until the condition is true."""
    end = asyncio.get_running_loop().time() + seconds
    while not (found := await true()):
        assert asyncio.get_running_loop().time() < end
        await asyncio.sleep(0.05)
    return found


async def ready(client):
    return (await client.get("/readyz")).status_code == 200


async def talk(client, chat, number):
    """Say things one after the other in one chat, and return those that were answered 200."""
    return [f"{word}" for word in range(number) if await post(client, f"add {word}", chat) == 200]


async def test_fifty_posts_at_once_to_twenty_chats_are_in_order_and_saved_when_answered(bucket, count):
    chats, each = 20, count(3, 25)
    with serving(bucket) as server:
        async with server.client() as client:
            answered = await asyncio.gather(*(talk(client, chat, each) for chat in range(1, chats + 1)))
            found = await logs(bucket)
            burst = [post(client, f"add {n}", 100 + n % 20) for n in range(50)]
            statuses = await asyncio.gather(*burst)
            found_after = await logs(bucket)
        log = server.terminate()
    expected = [str(word) for word in range(each)]
    assert answered == [expected] * chats
    assert found == dict.fromkeys(range(1, chats + 1), expected)
    assert statuses == [200] * 50
    assert {chat: sorted(map(int, words)) for chat, words in found_after.items() if chat >= 100} == {
        100 + chat: list(range(chat, 50, 20)) for chat in range(20)
    }
    assert "Traceback" not in log


async def test_what_was_acknowledged_before_and_during_sigterm_is_in_the_bucket(bucket, count):
    acknowledged: dict[int, list[str]] = {}

    async def go_on(client, chat):
        words = acknowledged.setdefault(chat, [])
        for word in range(100_000):
            try:
                if await post(client, f"add {word}", chat) != 200:
                    return
            except httpx.TransportError:
                return
            words.append(str(word))

    for number in range(count(2, 15)):
        acknowledged.clear()
        with serving(f"{bucket}{number}", "--timeout-graceful-shutdown", "3") as server:
            async with server.client() as client:
                talking = [asyncio.create_task(go_on(client, chat)) for chat in range(1, 11)]
                await asyncio.sleep(0.5 + number * 0.07)
                log = await asyncio.to_thread(server.terminate)
                await asyncio.gather(*talking)
        found = await logs(f"{bucket}{number}")
        assert sum(map(len, acknowledged.values())) > 10
        for chat, words in acknowledged.items():
            assert found.get(chat, [])[: len(words)] == words
            assert len(found.get(chat, [])) <= len(words) + 1  # the one whose answer did not arrive
        assert "Application shutdown complete" in log
        assert "Traceback" not in log


async def test_while_the_bucket_is_down_it_says_so_and_bounds_what_waits_and_then_works_again(bucket, faults):
    with serving(bucket, FAULTS=faults, PATIENCE=1, DEADLINE=2, MAX_WAITING=10) as server:
        async with server.client() as client:
            assert await post(client, "add before") == 200
            faults.write_text("get UNAVAILABLE\nput UNAVAILABLE\n")
            statuses = await asyncio.gather(*(post(client, "add lost", chat) for chat in range(1, 60)))
            assert set(statuses) == {503}
            assert (await client.get("/healthz")).status_code == 200
            faults.write_text("put DENIED\n")
            assert await post(client, "add late", 8) == 503
            await until(lambda: not_ready(client))
            unsaved = (await client.get("/readyz")).json()
            assert await post(client, "add never", 9) == 503  # not handled on top of what is unsaved
            faults.unlink()
            await until(lambda: ready(client))
            assert await post(client, "add after") == 200
        log = server.terminate()
    assert unsaved["reason"] == "changes are not saved"
    assert await logs(bucket) == {7: ["before", "after"], 8: ["late"]}
    assert "Traceback" not in log


async def not_ready(client):
    return not await ready(client)


async def test_more_updates_than_max_waiting_are_refused_while_health_is_reported(bucket):
    with serving(bucket, DEADLINE=3, MAX_WAITING=5) as server:
        async with server.client() as client:
            waiting = [asyncio.create_task(post(client, "never", chat)) for chat in range(1, 6)]
            await asyncio.sleep(0.5)
            beyond = await asyncio.gather(*(post(client, "add x", 50 + n) for n in range(30)))
            assert not any(task.done() for task in waiting)
            assert (await client.get("/healthz")).status_code == 200
            assert await asyncio.gather(*waiting) == [503] * 5
            assert await post(client, "add x", 99) == 200
    assert set(beyond) == {503}
    assert await logs(bucket) == {99: ["x"]}


@pytest.mark.parametrize("handler", ["never", "stubborn"])
async def test_a_handler_that_does_not_end_is_answered_503_at_the_deadline(bucket, handler):
    with serving(bucket, DEADLINE=1) as server:
        async with server.client() as client:
            assert await post(client, handler) == 503
            assert await post(client, "add other", 8) == 200
    assert await logs(bucket) == {8: ["other"]}


async def test_a_client_that_goes_away_cancels_nothing(bucket):
    with serving(bucket) as server:
        async with server.client() as client:
            with pytest.raises(httpx.ReadTimeout):
                await client.post("/telegram", json=update("slow x 0.7"), timeout=0.3)
            await cut_off(client, b'{"update_id":')
            await until(lambda: logs(bucket))
            assert await post(client, "add y") == 200
        log = server.terminate()
    assert await logs(bucket) == {7: ["x", "y"]}
    assert "Traceback" not in log


async def cut_off(client, beginning):
    """Announce a longer body than is sent, and hang up."""
    _, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
    headers = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items()).encode()
    writer.write(b"POST /telegram HTTP/1.1\r\nhost: x\r\ncontent-length: 999\r\n" + headers + b"\r\n" + beginning)
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def test_two_servers_share_a_conversation(bucket, count):
    users = count(5, 50)
    with serving(bucket) as one, serving(bucket) as other:
        async with one.client() as first, other.client() as second:

            async def converse(user):
                return [await post((first, second)[(user + n) % 2], f"step {n}", user) for n in range(6)]

            assert await asyncio.gather(*map(converse, range(1, users + 1))) == [[200] * 6] * users
    found = await state(bucket)
    assert {user: data["steps"] for user, data in (await found.get_user_data()).items()} == {
        user: list(range(6)) for user in range(1, users + 1)
    }
    assert await found.get_conversations("steps") == {}


async def test_at_the_end_what_still_runs_is_named_and_the_rest_is_saved(bucket):
    with serving(bucket, "--timeout-graceful-shutdown", "1", DEADLINE=50) as server:
        async with server.client() as client:
            running = asyncio.create_task(client.post("/telegram", json=update("never", 1, update_id=4711)))
            await asyncio.sleep(0.3)
            assert await post(client, "add x", 2) == 200
            log = await asyncio.to_thread(server.terminate)
            assert (await running).status_code == 500  # uvicorn's, after its own --timeout-graceful-shutdown
    assert "update 4711" in log
    assert await logs(bucket) == {2: ["x"]}
