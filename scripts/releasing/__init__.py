"""The parts of ``scripts/release.py``: versions, builds, pages for the index, and trials in bare environments."""
