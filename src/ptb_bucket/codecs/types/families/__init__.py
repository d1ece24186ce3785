"""The families of types, with one file for each. An entry for each type holds everything that the codecs need."""

from ptb_bucket.codecs.types.families.author_classes import by_functions, enum_shape, shape_of
from ptb_bucket.codecs.types.families.containers import CONTAINERS
from ptb_bucket.codecs.types.families.instances import rebuild, set_field
from ptb_bucket.codecs.types.families.numbers import NUMBERS, number_classes, number_shape
from ptb_bucket.codecs.types.families.other_libraries import OTHER_LIBRARIES, shape_of_foreign
from ptb_bucket.codecs.types.families.scalars import SCALARS
from ptb_bucket.codecs.types.families.telegram import BOTS, bot_of, telegram_shape, with_bot
from ptb_bucket.codecs.types.families.telegram_classes import (
    bot_api_classes,
    constants,
    default_value,
    is_bot,
    is_bot_api_class,
    is_constant,
    is_default_value,
    is_telegram_object,
    may_be_constant,
)
from ptb_bucket.codecs.types.families.telegram_content import (
    content,
    needs,
    with_defaults,
    with_lost_defaults,
)
from ptb_bucket.codecs.types.families.times import TIMES

__all__ = [
    "BOTS",
    "CONTAINERS",
    "NUMBERS",
    "OTHER_LIBRARIES",
    "SCALARS",
    "TIMES",
    "bot_api_classes",
    "bot_of",
    "by_functions",
    "constants",
    "content",
    "default_value",
    "enum_shape",
    "is_bot",
    "is_bot_api_class",
    "is_constant",
    "is_default_value",
    "is_telegram_object",
    "may_be_constant",
    "needs",
    "number_classes",
    "number_shape",
    "rebuild",
    "set_field",
    "shape_of",
    "shape_of_foreign",
    "telegram_shape",
    "with_bot",
    "with_defaults",
    "with_lost_defaults",
]
