"""Attacks on the pages: scripts in data, forms of other pages, rebinding, forged cookies, used tokens, odd paths."""

from __future__ import annotations

import signal
import subprocess
import sys

import httpx
import pytest
from telegram import Chat, Message, User
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.cli import main
from support import environment
from support.web.pages import served, settled
from support.web.population import BOT, aside, populate

CORPUS = (
    "<script>document.title='ran'</script>", "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>', "'onmouseover='alert(1)",
    "javascript:alert(1)", "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>", "{{7*7}}{% raw %}",
    "<a href=javascript:alert(1) data-copy hx-get=/bot hx-trigger=load>x</a>", "<style>body{display:none}</style>",
    "<iframe srcdoc='<script>alert(1)</script>'>", "<base href=//evil.example>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "\u2028\u202e</script>\x00", "<div hx-on:load=alert(1)></div>",
    "&lt;script&gt;", "<!--<script>", "--><script>alert(1)</script>",
)  # fmt: skip


async def attack(uri):
    kept = BucketPersistence(uri)
    kept.set_bot(ExtBot(BOT))
    await kept.get_user_data()
    for number, text in enumerate(CORPUS, 1):
        chat = Chat(number, "private", first_name=text, username=text)
        said = Message(1, aware(), chat, from_user=User(number, text, is_bot=False, last_name=text), text=text)
        await kept.update_user_data(
            number, {"name": text, text: text, (text, 1): {text}, "said": said, "list": [text] * 3}
        )
        await kept.update_conversation(text, (number, text), text)
        await kept.update_conversation("booking", (number, number), text)
    await kept.update_bot_data({text: {text: text} for text in CORPUS})
    await kept.update_callback_data(([("ab" * 16, 1.0, {"b": CORPUS})], {}))
    await kept.flush()
    for number, text in enumerate(CORPUS, 1):
        await kept.update_user_data(number, {"name": "was " + text, text: "new " + text})
    await kept.flush()


def aware():
    from datetime import datetime, timezone  # noqa: PLC0415  only here

    return datetime(2026, 1, 1, tzinfo=timezone.utc)


@pytest.mark.parametrize("layout", ["single", pytest.param("per-record", marks=pytest.mark.long)])
def test_no_script_in_data_runs_and_no_rule_is_broken(opened, tmp_path, layout, count):
    uri = f"file:{tmp_path / 'bot'}?keep=20&layout={layout}"
    aside(attack(uri))
    with opened(uri, write=True) as page:
        addresses = [
            "/",
            "/people?kind=user_data",
            "/conversations",
            "/keyboards",
            "/bot",
            "/search?q=script",
            "/erase/1",
        ]
        # The pages above show the whole corpus, with the same templates.
        addresses += [f"/person/{number}" for number in range(1, len(CORPUS) + 1, count(3, 1))]
        addresses += [
            "/person/1?at=2099-01-01T00:00",
            "/edit?kind=user_data&id=2",
            "/edit?kind=user_data&id=6&path=name",
        ]
        page.goto(page.home + "/conversations")
        links = [link.get_attribute("href") for link in page.locator("main a").all()][:: 7 if layout == "single" else 3]
        for address in [*addresses, *links]:
            page.goto(page.home + address)
            settled(page)
            assert page.title() != "ran"
            assert page.locator("iframe, base, meta[http-equiv], style, main script, main img, main svg").count() == 0
            assert page.locator("body").is_visible()
        assert page.wrong == []


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    return populate(tmp_path_factory.mktemp("web") / "bot", "layout=single", timers=False)


@pytest.fixture
def web(uri):
    """A server, and a client that has entered."""
    with served(uri, write=True) as door, httpx.Client(base_url=f"http://127.0.0.1:{door.port}") as client:
        client.get(door.said[-1])
        client.door = door
        yield client


def test_a_token_works_once_and_leaves_the_address_and_the_history(chromium, uri):
    with served(uri) as door:
        page = chromium.new_context().new_page()
        page.goto(door.said[0])
        assert page.url == f"http://127.0.0.1:{door.port}/"
        assert page.evaluate("history.length") <= 2
        page.go_back()
        assert "token" not in page.url
        again = chromium.new_context().new_page()
        assert again.goto(door.said[0]).status == 401
        assert "used already" in again.content()
        again.get_by_role("button", name="Print a new address").click()
        again.goto(door.said[1])
        assert again.locator("h1").inner_text() == "Bot 123456"


def test_a_search_that_looks_for_a_token_reveals_nothing(web):
    anonymous = {"cookie": ""}
    for address in ("/", "/person/42", "/copy?kind=user_data&id=42", "/parts/history?kind=user_data&id=42", "/nothing"):
        answer = web.get(address, headers=anonymous)
        assert answer.status_code == 401
        assert "Ada" not in answer.text


@pytest.mark.parametrize("cookie", ["", "a" * 43, "x; y", "ü", "' or 1=1 --"])
def test_forged_cookies_are_refused(web, cookie):
    header = f"{web.door.cookie}={cookie}".encode()
    assert web.get("/person/42", headers=[(b"cookie", header)]).status_code == 401


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "evil.example:{port}", "localhost:1", "", "127.0.0.1:{port}@x"]
)
def test_rebound_names_are_refused(web, host):
    answer = web.get("/", headers={"host": host.format(port=web.door.port)})
    assert answer.status_code in (400, 421)
    assert "123456" not in answer.text


def test_forms_of_other_pages_are_refused(web):
    wanted = {"kind": "user_data", "id": "42", "path": "name", "text": "x", "widget": "text"}
    session = next(iter(web.door._sessions.values()))
    assert web.post("/plan", data=wanted).status_code == 403
    assert web.post("/plan", data=wanted | {"csrf": "x"}).status_code == 403
    right = wanted | {"csrf": session.csrf}
    assert web.post("/plan", data=right, headers={"origin": "http://evil.example"}).status_code == 403
    assert web.post("/plan", data=right, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert web.post("/plan", data=right, headers={"origin": "null"}).status_code == 403
    assert web.post("/plan", data=right).status_code == 200
    assert web.post("/save", data={"csrf": session.csrf, "name": "guessed"}).status_code == 409
    assert web.get("/save").status_code == 405
    for address in ("/erase/42", "/export/42", "/leave", "/search/x"):
        assert web.post(address, data={"confirm": "42"}).status_code == 403


@pytest.mark.parametrize(
    "path",
    ["/static/app.py", "/static/", "/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py",
     "/static//etc/passwd", "/static/htmx.min.js/..",
     "/record?kind=user_data&id=../../etc/passwd", "/record?kind=x&id=1",
     "/person/42/../../x", "/person/1e3", "/chat/٤٢",
     "/record?kind=user_data&id=042", "/plan?action=set&kind=user_data&id=42", "/plan?action=end&kind=user_data&id=42"],
)  # fmt: skip
def test_odd_paths_lead_nowhere(web, path):
    answer = web.get(path)
    assert answer.status_code == 404
    assert "Traceback" not in answer.text


def test_every_answer_has_the_headers(web):
    for address in ("/", "/static/page.js", "/nothing", "/enter", "/copy?kind=user_data&id=42"):
        headers = web.get(address).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
    assert web.get("/static/page.js").status_code == 200
    cookie = web.get("/").request.headers["cookie"]
    assert "token" not in cookie


def test_a_cookie_is_for_this_server_alone(web):
    web.door.invite()
    made = web.get(web.door.said[-1]).headers["set-cookie"].lower()
    assert "httponly" in made
    assert "samesite=strict" in made
    assert str(web.door.port) in made


def test_beyond_this_computer_a_password_is_needed(uri, monkeypatch, capsys):
    monkeypatch.delenv("PTB_BUCKET_WEB_PASSWORD", raising=False)
    assert main(["web", uri, "--host", "0.0.0.0"]) == 2  # noqa: S104  refused
    assert "PTB_BUCKET_WEB_PASSWORD" in capsys.readouterr().err
    monkeypatch.setenv("PTB_BUCKET_WEB_PASSWORD", "short")
    assert main(["web", uri, "--host", "0.0.0.0"]) == 2  # noqa: S104  as above


def test_the_password_lets_in_and_a_wrong_one_does_not(chromium, uri):
    with served(uri, password="correct horse battery") as door:
        page = chromium.new_context().new_page()
        assert page.goto(f"http://127.0.0.1:{door.port}/person/42").status == 401
        for word, there in (("wrong", "This is not the password."), ("correct horse battery", "Bot 123456")):
            page.get_by_label("Password").fill(word)
            page.get_by_role("button", name="Enter").click()
            page.get_by_text(there).first.wait_for()
        assert "token" not in "".join(door.said)


def test_leaving_ends_the_session(opened, uri):
    with opened(uri) as page:
        page.get_by_role("button", name="Leave").click()
        page.get_by_role("heading", name="ptb-bucket web").wait_for()
        assert page.goto(page.home + "/person/42").status == 401


def test_no_log_has_the_token_or_an_id(uri, caplog):
    with served(uri) as door, httpx.Client(follow_redirects=True) as client:
        client.get(door.said[0])
        client.get(f"http://127.0.0.1:{door.port}/person/42")
        token = door.said[0].partition("token=")[2]
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert not [text for text in ours if token in text or "/person/42" in text]


def test_the_verb_prints_a_token_once_and_nothing_of_what_is_shown(uri, interruptible):
    command = [sys.executable, "-m", "ptb_bucket.cli", "web", uri, "--port", "0"]
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program, httpx.Client(follow_redirects=True) as client:  # fmt: skip
        line = program.stdout.readline()
        address = line.removeprefix("Open ").strip()
        assert address.startswith("http://127.0.0.1:")
        home, _, token = address.partition("/enter?token=")
        assert "Bot 123456" in client.get(address).text
        assert "Ada Lovelace" in client.get(f"{home}/person/42").text
        assert client.get(f"{home}/edit?kind=user_data&id=42&path=name").status_code == 403
        assert client.get(f"{home}/nothing").status_code == 404
        program.send_signal(signal.SIGINT)
        said, logged = program.communicate(timeout=30)
    assert token not in said + logged
    assert "42" not in said + logged.replace("127.0.0.1", "")
    assert program.returncode == 130  # as every verb that is interrupted
