"""Texts as Telegram stores them: plain text, and entities whose offsets count UTF-16 code units."""

from ptb_bucket.offline_telegram.text.automatic import add_automatic
from ptb_bucket.offline_telegram.text.html import parse_html
from ptb_bucket.offline_telegram.text.markdown import parse_markdown, parse_markdown_v2
from ptb_bucket.offline_telegram.text.spans import utf16

__all__ = ["add_automatic", "parse_html", "parse_markdown", "parse_markdown_v2", "utf16"]
