"""Several instances that write to one document, on a simulated clock. See ``benchmarks/contention.py``."""

from contending.fleet import Case, Outcome, measure
from contending.plots import draw

__all__ = ["Case", "Outcome", "draw", "measure"]
