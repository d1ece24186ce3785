"""The methods of the Bot API: one module for each topic, and one table of all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket.offline_telegram.api.business import BUSINESS_METHODS
from ptb_bucket.offline_telegram.api.chats import CHAT_METHODS
from ptb_bucket.offline_telegram.api.common import formatted, origin, post
from ptb_bucket.offline_telegram.api.content import content_of
from ptb_bucket.offline_telegram.api.defaults import answer_by_default, method_of
from ptb_bucket.offline_telegram.api.members import MEMBER_METHODS
from ptb_bucket.offline_telegram.api.messages import MESSAGE_METHODS
from ptb_bucket.offline_telegram.api.payments import PAYMENT_METHODS
from ptb_bucket.offline_telegram.api.polls import POLL_METHODS, count_votes
from ptb_bucket.offline_telegram.api.profile import PROFILE_METHODS
from ptb_bucket.offline_telegram.api.queries import QUERY_METHODS
from ptb_bucket.offline_telegram.api.reactions import REACTION_METHODS
from ptb_bucket.offline_telegram.api.stickers import STICKER_METHODS
from ptb_bucket.offline_telegram.api.topics import TOPIC_METHODS
from ptb_bucket.offline_telegram.api.updates import UPDATE_METHODS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptb_bucket.offline_telegram.api.common import Method

__all__ = [
    "METHODS",
    "answer_by_default",
    "content_of",
    "count_votes",
    "formatted",
    "method_of",
    "origin",
    "post",
]

METHODS: Mapping[str, Method] = {
    **BUSINESS_METHODS,
    **CHAT_METHODS,
    **MEMBER_METHODS,
    **MESSAGE_METHODS,
    **PAYMENT_METHODS,
    **POLL_METHODS,
    **PROFILE_METHODS,
    **QUERY_METHODS,
    **REACTION_METHODS,
    **STICKER_METHODS,
    **TOPIC_METHODS,
    **UPDATE_METHODS,
}
