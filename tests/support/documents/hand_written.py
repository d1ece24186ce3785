"""Documents that somebody has written into the bucket by hand, with correct checksums.

Whoever may do that must not get more out of the bot than an error that names the record.
"""

from __future__ import annotations

from pathlib import Path

from ptb_bucket.codecs import JsonCodec, PickleCodec
from ptb_bucket.state import BOT_DATA, HANDLED, LAYOUTS, Kind, Record, open_layout
from ptb_bucket.state.document.document import Document
from ptb_bucket.state.document.header import Header
from ptb_bucket.tools import open_state
from support.applications.restarting_bot import opened

BOT = "123456"
SECRET = "4111-1111"
LAYOUT_AND_CODEC = [(layout, codec) for layout in LAYOUTS for codec in ("json", "pickle")]
CODECS = {"json": JsonCodec(), "pickle": PickleCodec()}
SHORT = {("single", "json"), ("per-record", "pickle")}


class Bucket:
    """A directory into which a test writes documents by hand, with correct checksums."""

    def __init__(self, root: Path, layout: str = "single", codec: str = "json") -> None:
        self.root, self.layout, self.codec = root, open_layout(layout), codec
        self.uri = f"file:{root}?layout={layout}&codec={codec}"

    def bot(self, **options):
        return opened(self.uri, **options)

    async def write(self, *records) -> None:
        """Put records of any id and value into the documents where a bot would look for them."""
        documents: dict[str, dict[Record, bytes]] = {}
        for record, value in ((BOT_DATA, {}), *records):
            documents.setdefault(self.layout.key(record), {})[record] = CODECS[self.codec].encode(value)
        async with open_state(self.uri, bot_id=BOT, create=True) as state:
            for key, changes in documents.items():
                empty = Document(Header(BOT, self.codec).advanced("hand", "c"))
                path = state.archive.name(key)
                place = Path(state.store.describe(path))
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(empty.changed(empty.header, changes).pack())  # noqa: ASYNC240

    def bytes(self) -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in self.root.rglob("*") if path.suffix in (".json", ".pkl")}


async def load(bot) -> None:
    """Load everything as PTB does."""
    await bot.get_bot_data()
    await bot.get_chat_data()
    await bot.get_user_data()
    await bot.get_callback_data()
    await bot.get_conversations("talk")
    replica = bot._session.replica
    replica.documents.kinds = tuple(Kind)
    await replica.documents.read_all()
    await replica.documents.refresh([HANDLED], None)
    replica.values.load(HANDLED)
