"""The families of types, with one file for each. An entry for each type holds everything that the codecs need."""

from ptb_bucket.codecs.types.families.author_classes import by_functions, enum_shape, shape_of
from ptb_bucket.codecs.types.families.containers import CONTAINERS
from ptb_bucket.codecs.types.families.instances import rebuild, set_field
from ptb_bucket.codecs.types.families.other_libraries import OTHER_LIBRARIES, shape_of_foreign
from ptb_bucket.codecs.types.families.scalars import SCALARS
from ptb_bucket.codecs.types.families.telegram import BOTS, bot_of, telegram_shape, with_bot
from ptb_bucket.codecs.types.families.telegram_content import (
    CLASSES,
    DEFAULT_VALUE,
    ENUMS,
    content,
    needs,
    with_defaults,
    with_lost_defaults,
)
from ptb_bucket.codecs.types.families.times import TIMES

__all__ = [
    "BOTS",
    "CLASSES",
    "CONTAINERS",
    "DEFAULT_VALUE",
    "ENUMS",
    "OTHER_LIBRARIES",
    "SCALARS",
    "TIMES",
    "bot_of",
    "by_functions",
    "content",
    "enum_shape",
    "needs",
    "rebuild",
    "set_field",
    "shape_of",
    "shape_of_foreign",
    "telegram_shape",
    "with_bot",
    "with_defaults",
    "with_lost_defaults",
]
