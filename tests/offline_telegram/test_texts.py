from __future__ import annotations

import pytest
from telegram import MessageEntity
from telegram.error import BadRequest


def found(message):
    entities = message.parse_entities() if message.text else message.parse_caption_entities()
    return [(entity.type, text) for entity, text in entities.items()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("🦆 see https://example.com/a?b=1.", [("url", "https://example.com/a?b=1")]),
        ("(https://example.com/a)", [("url", "https://example.com/a")]),
        ("see example.com/x and www.python.org", [("url", "example.com/x"), ("url", "www.python.org")]),
        ("mail ada@example.com", [("email", "ada@example.com")]),
        ("hi @ada_l, @ab is too short", [("mention", "@ada_l")]),
        ("#ducks and #1 and #2nd", [("hashtag", "#ducks"), ("hashtag", "#2nd")]),
        ("buy $TEA", [("cashtag", "$TEA")]),
        ("call +49 30 1234567 now", [("phone_number", "+49 30 1234567")]),
        ("/start@demo_bot #now", [("bot_command", "/start@demo_bot"), ("hashtag", "#now")]),
        ("file.txt and a.b.c and 3.14", []),
        ("x/y and a/b@c", []),
    ],
)
async def test_entities_that_telegram_finds_by_itself(app, seen, ada, text, expected):
    await ada.send(app, text)
    assert found(seen[0].message) == expected


@pytest.mark.parametrize(
    ("mode", "source", "expected"),
    [
        (
            "HTML",
            "<b>a &lt; <i>b</i></b> 🦆<code>c@d.com</code>",
            ("a < b 🦆c@d.com", [("bold", "a < b"), ("italic", "b"), ("code", "c@d.com")]),
        ),
        ("HTML", '<a href="http://x.org/?a=1&amp;b">x</a>', ("x", [("text_link", "x")])),
        ("HTML", '<pre><code class="language-python">x = 1</code></pre>', ("x = 1", [("pre", "x = 1")])),
        (
            "HTML",
            '<span class="tg-spoiler">s</span><tg-spoiler>t</tg-spoiler>',
            ("st", [("spoiler", "s"), ("spoiler", "t")]),
        ),
        (
            "HTML",
            "<blockquote expandable>q</blockquote><u>u</u><s>s</s>",
            ("qus", [("expandable_blockquote", "q"), ("underline", "u"), ("strikethrough", "s")]),
        ),
        ("HTML", '<a href="tg://user?id=42">Ada</a>', ("Ada", [("text_mention", "Ada")])),
        (
            "MarkdownV2",
            r"*bold _both_* __u__ ~s~ ||x|| 1\.5",
            (
                "bold both u s x 1.5",
                [
                    ("bold", "bold both"),
                    ("italic", "both"),
                    ("underline", "u"),
                    ("strikethrough", "s"),
                    ("spoiler", "x"),
                ],
            ),
        ),
        ("MarkdownV2", "[a\\.b](http://x.org/\\)) `c*d`", ("a.b c*d", [("text_link", "a.b"), ("code", "c*d")])),
        ("MarkdownV2", "```python\nx = 1```", ("x = 1", [("pre", "x = 1")])),
        ("MarkdownV2", ">one\n>two\nthree", ("one\ntwo\nthree", [("blockquote", "one\ntwo")])),
        ("MarkdownV2", "![🦆](tg://emoji?id=5)", ("🦆", [("custom_emoji", "🦆")])),
        (
            "Markdown",
            "*b* _i_ [l](http://x.org) `c` \\_",
            ("b i l c _", [("bold", "b"), ("italic", "i"), ("text_link", "l"), ("code", "c")]),
        ),
    ],
)
async def test_formats_of_the_bot(bot, ada, mode, source, expected):
    sent = await bot.send_message(ada.id, source, parse_mode=mode)
    assert (sent.text, found(sent)) == expected


async def test_details_of_formats(bot, ada):
    html = await bot.send_message(ada.id, '<pre><code class="language-py">x</code></pre>', parse_mode="HTML")
    assert html.entities[0].language == "py"
    link = await bot.send_message(ada.id, r"[x](http://x\.org/a_b)", parse_mode="MarkdownV2")
    assert link.entities[0].url == "http://x.org/a_b"
    photo = await bot.send_photo(ada.id, b"duck", caption="<b>A</b> @duck_x", parse_mode="HTML")
    assert (photo.caption, found(photo)) == ("A @duck_x", [("bold", "A"), ("mention", "@duck_x")])


async def test_a_mention_by_id_names_the_person_and_is_dropped_for_strangers(bot, ada):
    source = '<a href="tg://user?id=42">A</a> <a href="tg://user?id=9">B</a>'
    sent = await bot.send_message(ada.id, source, parse_mode="HTML")
    assert [(entity.type, entity.user.first_name) for entity in sent.entities] == [("text_mention", "Ada")]


async def test_what_the_bot_reads_back_can_be_sent_again(bot, ada):
    source = '<b>a</b> <i>b</i> <a href="http://x.org/">c</a>'
    sent = await bot.send_message(ada.id, source, parse_mode="HTML")
    assert sent.text_html == source
    again = await bot.send_message(ada.id, sent.text_markdown_v2, parse_mode="MarkdownV2")
    assert (again.text, again.entities) == (sent.text, sent.entities)


async def test_entities_of_the_bot_are_kept(bot, ada):
    sent = await bot.send_message(ada.id, "🦆 bold", entities=[MessageEntity("bold", 3, 4)])
    assert found(sent) == [("bold", "bold")]


@pytest.mark.parametrize(
    ("mode", "source", "error"),
    [
        ("HTML", "<x>a</x>", 'Can\'t parse entities: Unsupported start tag "x" at byte offset 0'),
        ("HTML", "ä <b>a", "Can't parse entities: Can't find end tag corresponding to start tag \"b\""),
        (
            "HTML",
            "<b>a</i>",
            'Can\'t parse entities: Unmatched end tag at byte offset 4, expected "</b>", found "</i>"',
        ),
        ("HTML", "1 < 2", 'Can\'t parse entities: Unsupported start tag "" at byte offset 2'),
        (
            "MarkdownV2",
            "1.5",
            "Can't parse entities: Character '.' is reserved and must be escaped with the preceding '\\'",
        ),
        ("MarkdownV2", "ä *a", "Can't parse entities: Can't find end of Bold entity at byte offset 3"),
        ("Markdown", "a_b", "Can't parse entities: Can't find end of the entity starting at byte offset 1"),
    ],
)
async def test_formats_that_telegram_refuses(bot, ada, mode, source, error):
    with pytest.raises(BadRequest) as info:
        await bot.send_message(ada.id, source, parse_mode=mode)
    assert info.value.message.lower() == error.lower()  # PTB writes only the first letter in upper case
