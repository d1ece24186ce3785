"""The pickle codec: an unpickler that loads only what is allowed, and the inspection of other pickles."""

from __future__ import annotations

from ptb_bucket.codecs.pickle.codec import PickleCodec
from ptb_bucket.codecs.pickle.inspection import render_pickle
from ptb_bucket.codecs.pickle.ptb_pickles import PtbPickleReader

__all__ = ["PickleCodec", "PtbPickleReader", "render_pickle"]
