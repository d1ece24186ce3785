"""The verbs of ``ptb-bucket``, one module each."""

from __future__ import annotations
