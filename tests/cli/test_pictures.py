"""Tests that the pictures in the documentation can be made from what the verbs print."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

SCRIPT = Path(__file__).parents[2] / "docs" / "make_tool_pictures.py"


@pytest.mark.long
def test_the_pictures_of_the_tools_can_be_made(tmp_path):
    subprocess.run([sys.executable, SCRIPT, tmp_path], check=True, capture_output=True)
    made = {path.name for path in tmp_path.iterdir()}
    assert made == {path.name for path in (SCRIPT.parent / "pictures").glob("tools-*.svg")}
    for name in made:
        text = "".join(ET.parse(tmp_path / name).getroot().itertext())  # noqa: S314  just written
        assert "$ ptb-bucket " in text
        assert "Traceback" not in text
        assert str(tmp_path.parent.parent) not in text
