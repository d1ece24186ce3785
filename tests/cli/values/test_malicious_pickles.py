"""Tests that looking at a state runs no code in its pickles."""

from __future__ import annotations

import pytest

from ptb_bucket.cli import main
from support.values import malicious_pickles


@pytest.mark.parametrize("name", malicious_pickles.effective("x"))
def test_show_counts_it_and_runs_nothing(name, tmp_path, capsys):
    target = tmp_path / "made"
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot" / "state.pkl").write_bytes(
        malicious_pickles.document(malicious_pickles.effective(str(target))[name])
    )
    assert main(["show", f"file:{tmp_path}/bot"]) == 0
    assert "user_data" in capsys.readouterr().out
    assert not target.exists()


@pytest.mark.parametrize("name", malicious_pickles.effective("x"))
def test_show_of_the_record_itself_runs_nothing(name, tmp_path, capsys):
    target = tmp_path / "made"
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot" / "state.pkl").write_bytes(
        malicious_pickles.document(malicious_pickles.effective(str(target))[name])
    )
    assert main(["show", f"file:{tmp_path}/bot", "user_data", "42"]) in {0, 1}
    shown = capsys.readouterr()
    assert (shown.out and not shown.err) or shown.err.startswith(
        "ptb-bucket: user_data[42] cannot be loaded: the stored "
    )
    assert not target.exists()
