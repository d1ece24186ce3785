"""The pickle codec, whose unpickler loads only allowed types, and the inspection of other pickles."""

from __future__ import annotations

from ptb_bucket.codecs.pickle.codec import PickleCodec
from ptb_bucket.codecs.pickle.inspection import inspect_ptb_pickle, render_inspected, render_pickle
from ptb_bucket.codecs.pickle.ptb_pickles import PtbPickleReader

__all__ = ["PickleCodec", "PtbPickleReader", "inspect_ptb_pickle", "render_inspected", "render_pickle"]
