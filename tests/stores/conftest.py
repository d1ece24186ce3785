"""A fixture that makes the start of our programs cheap."""

from __future__ import annotations

from support.processes.preloaded import preloading

programs_are_preloaded = preloading()
