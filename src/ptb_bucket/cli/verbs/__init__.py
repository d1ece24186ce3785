"""One module per verb of ``ptb-bucket``."""

from __future__ import annotations
