"""Tests of a bot that is started as a script: imported and exported pickles have its classes in ``__main__``."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from ptb_bucket.cli import main
from support.processes.child_processes import MAY_BE_PRELOADED
from support.processes.preloaded import preloading

programs_are_preloaded = preloading()

BOT = """{mark}
import asyncio, dataclasses, enum, sys
from collections import defaultdict, namedtuple
from telegram import User
from telegram.ext import ExtBot, PicklePersistence
{imports}

class Step(enum.Enum):
    SIZE = 1
    DONE = 2

class Rights(enum.Flag):
    READ = 1
    WRITE = 2

@dataclasses.dataclass
class Cart:
    items: list
    step: Step = Step.SIZE

    class Line:
        def __init__(self, text):
            self.text = text

Point = namedtuple("Point", "x y")

class Guest(User):
    __slots__ = ()

TYPES = [Step, Rights, Cart, Cart.Line, Point, Guest]

def data():
    cart = Cart([Cart.Line("rope"), Point(1, 2)])
    return {{
        "cart": cart, "same": cart, "rights": Rights.READ | Rights.WRITE, "later": defaultdict(Cart, {{1: Cart([])}}),
        "guest": Guest(1, "Ann", is_bot=False), Step.SIZE: {{Step.DONE}},
    }}

async def run(path, what):
    persistence = PicklePersistence(path, single_file="multi" not in sys.argv)
    persistence.set_bot(ExtBot("123456:offline"))
    if what == "write":
        await persistence.update_user_data(1, data())
        await persistence.update_conversation("order", (1, 1), Step.DONE)
        await persistence.flush()
        return
    found = (await persistence.get_user_data())[1]
    cart, guest = found["cart"], found["guest"]
    assert type(cart) is Cart and type(cart.items[0]) is Cart.Line and type(cart.items[1]) is Point, found
    assert found["same"] is cart and cart.step is Step.SIZE and found[Step.SIZE] == {{Step.DONE}}
    assert found["rights"] is Rights.READ | Rights.WRITE and found["later"].default_factory is Cart
    assert type(guest) is Guest and guest.first_name == "Ann"
    assert (await persistence.get_conversations("order")) == {{(1, 1): Step.DONE}}
    print("everything is there")

{start}
"""
GUARDED = 'if __name__ == "__main__":\n    asyncio.run(run(*sys.argv[1:3]))\n'


def script(folder, name="bot.py", imports="", start=GUARDED):
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(BOT.format(mark=MAY_BE_PRELOADED, imports=imports, start=start), encoding="utf-8")


def python(folder, *arguments):
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, encoding="utf-8", timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def tool(folder, *arguments):
    """Run the command in a separate process, because each test's script is another module ``bot``."""
    return python(folder, "-m", "ptb_bucket.cli", *arguments)


@pytest.mark.parametrize(
    ("layout", "codec"),
    [
        ("single", "json"),
        *(pytest.param(*place, marks=pytest.mark.long) for place in (("single", "pickle"), ("per-record", "json"))),
        ("per-record", "pickle"),
    ],
)
def test_a_script_reads_its_own_classes_again(tmp_path, layout, codec):
    """The bot writes a pickle, which is imported into a bucket and exported again, and the bot reads the export."""
    script(tmp_path)
    uri = f"file:./state?layout={layout}&codec={codec}"
    python(tmp_path, "bot.py", "bot.pickle", "write")
    tool(tmp_path, "import", "bot.pickle", uri, "--bot-id", "123456", "--types", "bot:TYPES")
    said = tool(tmp_path, "export", uri, "again.pickle", "--format", "pickle", "--types", "bot:TYPES")
    assert "from bot are written as classes of __main__" in said
    assert python(tmp_path, "bot.py", "again.pickle", "read") == "everything is there\n"


@pytest.mark.long
def test_five_files_of_a_script(tmp_path):
    script(tmp_path)
    python(tmp_path, "bot.py", "bot", "write", "multi")
    tool(tmp_path, "import", "bot", "file:./state", "--bot-id", "123456", "--types", "bot:TYPES")
    tool(tmp_path, "export", "file:./state", "again", "--format", "pickle", "--multi", "--types", "bot:TYPES")
    assert python(tmp_path, "bot.py", "again", "read", "multi") == "everything is there\n"


def test_a_package_that_is_started_with_python_m(tmp_path):
    script(
        tmp_path,
        "shop/__main__.py",
        start='if sys.argv[2:3] in (["read"], ["write"]):\n    asyncio.run(run(*sys.argv[1:3]))\n',
    )
    python(tmp_path, "-m", "shop", "bot.pickle", "write")
    types = ["--types", "shop.__main__:TYPES"]
    tool(tmp_path, "import", "bot.pickle", "file:./state", "--bot-id", "123456", *types, "--dry-run")
    tool(tmp_path, "import", "bot.pickle", "file:./state", "--bot-id", "123456", *types)
    tool(tmp_path, "export", "file:./state", "again.pickle", "--format", "pickle", *types)
    assert python(tmp_path, "-m", "shop", "again.pickle", "read") == "everything is there\n"


@pytest.mark.parametrize(
    ("start", "more"),
    [pytest.param("", [], marks=pytest.mark.long), (GUARDED, ["--no-main"])],
    ids=["no script", "--no-main"],
)
def test_classes_of_a_module_that_the_bot_imports_stay_there(tmp_path, start, more):
    script(tmp_path, "shop.py", start=start)
    (tmp_path / "bot.py").write_text(
        f"{MAY_BE_PRELOADED}import asyncio, sys\nimport shop\n{GUARDED.replace('run(*', 'shop.run(*')}"
    )
    python(tmp_path, "bot.py", "bot.pickle", "write")
    tool(tmp_path, "import", "bot.pickle", "file:./state", "--bot-id", "123456", "--types", "shop:TYPES")
    said = tool(
        tmp_path, "export", "file:./state", "again.pickle", "--format", "pickle", "--types", "shop:TYPES", *more
    )
    assert "__main__" not in said
    assert python(tmp_path, "bot.py", "again.pickle", "read") == "everything is there\n"


def test_which_module_is_started_can_be_said(tmp_path):
    """Two modules look like scripts. The bot is started as one of them, and imports the other."""
    script(tmp_path, "bot.py", imports="import shop")
    (tmp_path / "shop.py").write_text('class Order:\n    pass\n\nif __name__ == "__main__":\n    print("a test")\n')
    python(tmp_path, "bot.py", "bot.pickle", "write")
    types = ["--types", "bot:TYPES", "--types", "shop:Order"]
    tool(tmp_path, "import", "bot.pickle", "file:./state", "--bot-id", "123456", *types)
    export = ["export", "file:./state", "again.pickle", "--format", "pickle", *types]
    with pytest.raises(AssertionError, match=r"bot and shop can all be run as scripts\. .* --main bot"):
        tool(tmp_path, *export)
    assert not (tmp_path / "again.pickle").exists()
    with pytest.raises(AssertionError, match=r"The module elsewhere \(from --main\) defines none of the classes"):
        tool(tmp_path, *export, "--main", "elsewhere")
    assert json.loads(tool(tmp_path, *export, "--main", "bot", "--json"))["main"] == "bot"
    assert python(tmp_path, "bot.py", "again.pickle", "read") == "everything is there\n"


@pytest.mark.parametrize("option", [["--main", "bot"], ["--no-main"]])
def test_only_a_pickle_has_a_main_module(tmp_path, capsys, option):
    assert main(["export", f"file:{tmp_path}/state", f"{tmp_path}/all.json", *option]) == 2
    assert f"{option[0]} can only be used with --format pickle" in capsys.readouterr().err


def test_main_and_no_main_contradict_each_other(tmp_path, capsys):
    arguments = ["export", f"file:{tmp_path}/state", "bot.pickle", "--format", "pickle", "--main", "bot", "--no-main"]
    assert main(arguments) == 2
    assert "mutually exclusive" in capsys.readouterr().err
