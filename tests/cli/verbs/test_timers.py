"""Tests of ``timers``, which lists, cancels, and makes due; and of what ``check`` says about timers."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import datetime

import pytest

from ptb_bucket.cli import main
from ptb_bucket.state import BOT_DATA, LAYOUTS, Record
from ptb_bucket.state.timers import Claim, Timer, due_key
from ptb_bucket.tools import list_timers, open_state
from support.parameters import crossed

NOW = time.time()
ADA, BO, GROUP = Record.user(42), Record.user(7), Record.chat(-100)
PRIVATE = Record.chat(42)
TEA, CAKE = Record.of_timer(ADA, "tea"), Record.of_timer(BO, "cake")
NEWS = Record.of_timer(BOT_DATA, "news")
GAME, NOTE = Record.of_timer(GROUP, "a game"), Record.of_timer(PRIVATE, "note")
OUTCOME = Record.of_timer(ADA, "effect:x")
DAILY = {"trigger": "cron", "timezone": "Europe/Rome", "hour": "9"}
TIMERS = {
    TEA: Timer("remind", "a1", {"text": "secret"}, due=NOW - 43_200, user_id=42),
    CAKE: Timer("remind", "a2", due=NOW - 86400, user_id=7, tries=5, parked="raised ValueError"),
    NEWS: Timer("send_news", "a3", name="morning", due=NOW + 7200, schedule=DAILY),
    GAME: Timer("move", "a4", due=NOW - 1, chat_id=-100, claim=Claim("x", NOW + 86_400)),
    NOTE: Timer("remind", "a5", due=NOW + 600, enabled=False, chat_id=42),
    OUTCOME: Timer("effect", "a6"),
}


@pytest.fixture(params=crossed(LAYOUTS, ["json", "pickle", "sealed"], strength=1))
def place(request):
    """A layout, and how its documents are written. Other tests show that timers are the same in all of them."""
    return request.param


@pytest.fixture
def layout(place):
    return place[0]


@pytest.fixture
def uri(place, tmp_path, layout, monkeypatch):
    codec = place[1]
    if codec == "sealed":
        codec = "json"
        monkeypatch.setenv("PTB_BUCKET_ENCRYPTION_KEYS", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
    uri = f"file:{tmp_path}/bot?layout={layout}&codec={codec}&keep=9"
    asyncio.run(save(uri, TIMERS))
    return uri


async def save(uri, timers):
    async with open_state(uri, bot_id="123456", create=True) as state:
        replica = state.replica()
        await replica.documents.read_all()
        for record, timer in timers.items():
            replica.values.load(record)
            replica.stage(record, timer and timer.to_value())
        await replica.commit()


async def stored(uri, record):
    async with open_state(uri) as state:
        replica = await state.loaded([record])
        value = replica.values.load(record)
        return Timer.from_value(value) if isinstance(value, dict) else None


async def keys(uri):
    async with open_state(uri) as state:
        return [info.key async for info in state.store.list("timers/due/")]


@pytest.fixture
def run(capsys, uri):
    """Run the verb, and return its JSON."""

    def run(*words, code=0):
        at = words[0] in ("list", "rm", "run") if words else False
        assert main(["timers", *words[:at], uri, *words[at:], "--json"]) == code
        out, err = capsys.readouterr()
        return json.loads(out) if code == 0 else err

    return run


def ids(found):
    return [one["id"] for one in found["timers"]]


def test_the_list_has_all_timers_by_due_time_and_no_outcomes(run):
    found = {one.pop("id"): one for one in run()["timers"]}
    assert list(found) == ["cake", "tea", "a game", "note", "news"]
    assert {name: (one["state"], one["problem"], one["tries"]) for name, one in found.items()} == {
        "tea": ("late", "", 0), "cake": ("parked", "raised ValueError", 5), "news": ("due", "", 0),
        "a game": ("running", "", 0), "note": ("paused", "", 0),
    }  # fmt: skip
    news = found["news"]
    assert (news["owner"], news["zone"]) == ("bot_data", "Europe/Rome")
    assert (news["callback"], news["name"]) == ("send_news", "morning")
    assert datetime.fromisoformat(news["due"]).timestamp() == pytest.approx(NOW + 7200)
    assert news["due"].endswith(("+01:00", "+02:00"))
    assert (news["repeats"], found["tea"]["repeats"], found["tea"]["zone"]) == (True, False, "UTC")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--due", "1h"], ["tea", "a game"]),
        (["--due", "3h"], ["tea", "a game", "news"]),
        (["--user", "42"], ["tea", "note"]),
        (["--user", "7"], ["cake"]),
        (["--user", "7", "--due", "1h"], []),
        (["--chat", "-100"], ["a game"]),
        (["--user", "8"], []),
    ],
)
def test_options_leave_timers_out(run, options, expected):
    assert ids(run("list", *options)) == expected


async def test_a_filter_reads_only_the_documents_that_it_needs(uri, layout):
    async with open_state(uri) as state:
        store, read = state.archive.store, []
        get = store.get
        store.get = lambda key, **how: (read.append(key), get(key, **how))[1]
        assert len(await list_timers(state, user_id=7)) == 1
        assert len(await list_timers(state, within=60)) == 2
    assert len(read) == (4 if layout == "per-record" else 2)


def test_people_see_lines_of_80_columns_and_no_data(uri, capsys):
    assert main(["timers", uri]) == 0
    out, err = capsys.readouterr()
    assert "secret" not in out + err
    rows = [line.split("\t") for line in out.splitlines()]
    assert rows[0][:3] == ["user_data 7", "cake", "remind"]
    assert rows[0][4:] == ["parked: raised ValueError", "5"]
    assert rows[-1][:3] == ["bot_data", "news", "send_news (morning)"]
    assert rows[-1][3].rpartition(" ")[2] in ("CET", "CEST")
    assert "1 timer is parked" in err


def test_a_terminal_shows_blocks_if_the_rows_are_too_wide(uri, capsys, monkeypatch):
    monkeypatch.setattr("ptb_bucket.cli.output.is_terminal", lambda _: True)
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["timers", uri]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert "cake" in " ".join(lines)


def test_a_parked_timer_is_made_due_and_has_its_tries_again(run, uri, layout, capsys):
    before = asyncio.run(stored(uri, CAKE))
    assert run("run", "user_data", "7", "cake", "--dry-run")["dry_run"] is True
    assert asyncio.run(stored(uri, CAKE)) == before
    assert run("run", "user_data", "7", "cake")["changed"] is True
    after = asyncio.run(stored(uri, CAKE))
    assert (after.parked, after.failures, after.is_armed) == (None, 0, True)
    assert after.due == pytest.approx(time.time(), abs=60)
    assert ids(run("list", "--due", "1s")) == ["tea", "a game", "cake"]
    if layout == "per-record":
        assert due_key(CAKE, after).key in asyncio.run(keys(uri))
    assert main(["history", uri, "--json"]) == 0
    writers = [version["writer"] for version in json.loads(capsys.readouterr().out)["versions"]]
    assert any(writer.startswith("timers:") for writer in writers)


def test_a_cancelled_timer_is_gone_with_its_key(run, uri, layout):
    assert run("rm", "chat_data", "-100", "a game", "--dry-run")["changed"] is True
    assert asyncio.run(stored(uri, GAME)) == TIMERS[GAME]
    run("rm", "chat_data", "-100", "a game")
    run("rm", "bot_data", "news")
    assert asyncio.run(stored(uri, GAME)) is None
    assert ids(run()) == ["cake", "tea", "note"]
    if layout == "per-record":
        assert asyncio.run(keys(uri)) == [due_key(TEA, TIMERS[TEA]).key]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["run", "chat_data", "-100", "a game"], 4, "is running timers[chat_data[-100]]['a game'] now"),
        (["run", "user_data", "42", "effect:x"], 4, "keeps how an effect ended"),
        (["run", "user_data", "42", "gone"], 3, "does not exist"),
        (["rm", "user_data", "42", "gone"], 3, ""),
        (["rm", "user_data", "42"], 2, "The ID of the timer is missing"),
        (["rm", "user_data", "42", "a", "game"], 2, "in quotes"),
        (["rm"], 2, "Missing ID"),
    ],
)
def test_what_cannot_be_done_is_refused(run, uri, words, code, said):
    assert said in run(*words, code=code)
    assert asyncio.run(stored(uri, GAME)) == TIMERS[GAME]


def test_the_uri_may_come_from_the_environment(tmp_path, capsys, monkeypatch):
    place = f"file:{tmp_path}/bot"
    asyncio.run(save(place, TIMERS))
    monkeypatch.setenv("PTB_BUCKET_URI", place)
    assert main(["timers", "--due", "1s", "--json"]) == 0
    assert ids(json.loads(capsys.readouterr().out)) == ["tea", "a game"]
    assert main(["timers", "rm", "user_data", "42", "tea"]) == 0
    assert main(["timers"]) == 0
    assert "tea" not in capsys.readouterr().out.replace("timers[user_data[42]]['tea']", "")


def test_a_misspelt_command_is_corrected(capsys):
    assert main(["timers", "runn", "file:x", "bot_data", "news"]) == 2
    assert "Did you mean 'run'?" in capsys.readouterr().err


def test_a_damaged_timer_is_listed(tmp_path, capsys):
    place = f"file:{tmp_path}/bot"
    asyncio.run(save(place, {TEA: TIMERS[TEA]}))
    path = tmp_path / "bot" / "state.json"
    path.write_text(path.read_text().replace('"due"', '"callback": 5, "due"').replace('"callback":"remind",', ""))
    assert main(["timers", place, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["timers"]
    assert [(one["id"], one["state"]) for one in found] == [("tea", "damaged")]
    assert "callback" in found[0]["problem"]


# ---------------------------------------------------------------- check


def checked(uri, capsys):
    assert main(["check", uri, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["checks"]
    return next((row for row in rows if row["check"] == "timers"), None)


def test_check_names_timers_that_are_late_or_parked(uri, capsys):
    found = checked(uri, capsys)
    assert found["result"] == "warning"
    assert (found["late"], found["parked"]) == ([TEA.label], [CAKE.label])
    assert "1 timer is late, by up to 7" in found["detail"]
    assert "Nobody ticks" in found["detail"]
    assert f"{CAKE.label} (raised ValueError)" in found["detail"]
    assert "ptb-bucket timers run" in found["detail"]


def test_check_is_content_with_timers_that_run(uri, capsys):
    asyncio.run(save(uri, {TEA: None, CAKE: None, OUTCOME: None}))
    found = checked(uri, capsys)
    assert (found["result"], found["late"], found["parked"]) == ("ok", [], [])
    assert found["detail"].startswith("3 timers")
    asyncio.run(save(uri, {NEWS: None, GAME: None, NOTE: None}))
    assert checked(uri, capsys) is None


@pytest.mark.parametrize(
    ("place", "number", "is_many"),
    [("single", 1000, False), ("single", 1001, True), ("per-type", 1001, False), ("per-record", 1001, False)],
)
def test_check_reports_too_many_timers_in_one_document(tmp_path, capsys, place, number, is_many):
    uri = f"file:{tmp_path}/bot?layout={place}"
    timers = {Record.of_timer(Record.user(42), f"{one}"): Timer("remind", "aa", due=NOW + 1e6) for one in range(number)}
    asyncio.run(save(uri, timers))
    found = checked(uri, capsys)
    assert (found["result"], found["too_many"], found["late"]) == ("warning" if is_many else "ok", is_many, [])
    if is_many:
        assert "1,001 timers are too many for layout=single" in found["detail"]
        assert "layout=per-record" in found["detail"]


def test_check_finds_late_timers_beyond_the_documents_that_it_reads(tmp_path, capsys, monkeypatch):
    place = f"file:{tmp_path}/bot?layout=per-record"
    asyncio.run(save(place, TIMERS))
    monkeypatch.setattr("ptb_bucket.tools.health.owner._MANY", 1)
    assert checked(place, capsys)["late"] == [TEA.label]
