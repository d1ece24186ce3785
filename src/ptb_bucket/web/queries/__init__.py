"""The queries: what pages need to know of a state, from the tools alone."""

from __future__ import annotations

from ptb_bucket.web.queries.catalog import Catalog, Job
from ptb_bucket.web.queries.figures import Person, funnels, overview_of, people_in
from ptb_bucket.web.queries.records import TimerRow, history_of, read_value, timers_in, value_at, value_then

__all__ = [
    "Catalog", "Job", "Person", "TimerRow", "funnels", "history_of", "overview_of", "people_in",
    "read_value", "timers_in", "value_at", "value_then",
]  # fmt: skip
