"""The pickle codec: an unpickler that loads only what is allowed, and the inspection of other pickles."""

from __future__ import annotations

from ptb_bucket.codecs.pickle.foreign import ForeignPickles
from ptb_bucket.codecs.pickle.codec import PickleCodec
from ptb_bucket.codecs.pickle.inspection import shown_pickle

__all__ = ["ForeignPickles", "PickleCodec", "shown_pickle"]
