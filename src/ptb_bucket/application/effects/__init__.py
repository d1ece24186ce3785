"""Effects outside of the bucket: carried out after the save, or once for each update and each run of a timer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket._lazy import lazy_exports
from ptb_bucket.application.effects.units import EffectUnit, EffectUnits, Place

if TYPE_CHECKING:
    from ptb_bucket.application.effects.once import Effect, Once

__all__ = ["Effect", "EffectUnit", "EffectUnits", "Once", "Place"]

__getattr__ = lazy_exports(__name__, {"ptb_bucket.application.effects.once": ("Effect", "Once")})
