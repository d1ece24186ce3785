"""A media converter: files come in, are downloaded, changed and sent back as something else."""

from __future__ import annotations

import io

from telegram import InputMediaDocument
from telegram.ext import CommandHandler, MessageHandler, filters


async def download(attachment):
    file = await attachment.get_file()
    return bytes(await file.download_as_bytearray())


async def to_file(update, _context):
    content = await download(update.message.photo[-1])
    await update.message.reply_document(content, filename="photo.jpg", caption=f"{len(content)} bytes")


async def to_music(update, _context):
    await update.effective_chat.send_action("upload_voice")
    content = await download(update.message.voice)
    await update.message.reply_audio(b"mp3:" + content, filename="voice.mp3", title="Voice", duration=3)


async def to_upper_case(update, context):
    document = update.message.document
    if document.file_size > 100:
        await update.message.reply_text("That is too large.")
        return
    content = (await download(document)).decode().upper()
    context.user_data.setdefault("files", []).append(document.file_id)
    await update.message.reply_document(io.BytesIO(content.encode()), filename=f"upper-{document.file_name}")


async def gather(update, context):
    files = context.user_data.get("files", [])
    await update.message.reply_media_group([InputMediaDocument(file_id) for file_id in files], caption="All of them")


def build(builder):
    application = builder.build()
    application.add_handlers(
        [
            MessageHandler(filters.PHOTO, to_file),
            MessageHandler(filters.VOICE, to_music),
            MessageHandler(filters.Document.TEXT, to_upper_case),
            CommandHandler("all", gather),
        ]
    )
    return application


async def test_files_are_converted(start, ada, texts):
    async with start(build) as app:
        [document] = await ada.send_photo(app, b"a duck")
        assert (document.document.file_name, document.caption) == ("photo.jpg", "6 bytes")
        [music] = await ada.send_voice(app, b"quack")
        assert await download(music.audio) == b"mp3:quack"
        assert music.audio.title == "Voice"
        [upper] = await ada.send_document(app, b"quack", "duck.txt")
        assert (upper.document.file_name, await download(upper.document)) == ("upper-duck.txt", b"QUACK")
        assert texts(await ada.send_document(app, b"x" * 101, "big.txt")) == ["That is too large."]
        await ada.send_document(app, b"honk", "goose.txt")
        album = await ada.send(app, "/all")
        assert [await download(message.document) for message in album] == [b"quack", b"honk"]
        assert texts(album) == ["All of them", None]
