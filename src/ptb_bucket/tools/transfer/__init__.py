"""Move state: copy between buckets, import from PTB, and export to PTB."""

from __future__ import annotations

from ptb_bucket.tools.transfer.copy import Copied
from ptb_bucket.tools.transfer.import_ import Imported
from ptb_bucket.tools.transfer.memory_file import MemoryFile
from ptb_bucket.tools.transfer.copy_target import check_source
from ptb_bucket.tools.transfer.copy import copy
from ptb_bucket.tools.transfer.export import export_dict
from ptb_bucket.tools.transfer.export import export_json
from ptb_bucket.tools.transfer.export import export_pickle
from ptb_bucket.tools.transfer.import_ import import_memory
from ptb_bucket.tools.transfer.copy_target import open_target
from ptb_bucket.tools.transfer.memory_file import read_memory
from ptb_bucket.tools.transfer.script import script_of

__all__ = [
    "Copied",
    "Imported",
    "MemoryFile",
    "check_source",
    "copy",
    "export_dict",
    "export_json",
    "export_pickle",
    "import_memory",
    "open_target",
    "read_memory",
    "script_of",
]
