"""The queries: what pages need to know of a state, from the tools alone."""

from __future__ import annotations

from ptb_bucket.web.queries.catalog import Catalog, Job
from ptb_bucket.web.queries.conversations import Person, funnels, people_in, since_when
from ptb_bucket.web.queries.overview import kept_versions, overview_of
from ptb_bucket.web.queries.records import (
    found_again,
    history_of,
    is_of_person,
    read_value,
    value_at,
    value_text,
    value_then,
)

__all__ = [
    "Catalog",
    "Job",
    "Person",
    "found_again",
    "funnels",
    "history_of",
    "is_of_person",
    "kept_versions",
    "overview_of",
    "people_in",
    "read_value",
    "since_when",
    "value_at",
    "value_text",
    "value_then",
]
