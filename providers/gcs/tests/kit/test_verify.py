"""Tests of ``ptb-bucket verify`` on fake-gcs-server, and on a server that ignores conditions."""

from __future__ import annotations

import json

from ptb_bucket.cli import main
from ptb_bucket_gcs import GcsStore


def test_the_fake_server_is_verified(server, bucket, capsys, monkeypatch):
    monkeypatch.setattr(GcsStore, "min_write_interval", 0.0)  # Google's limit, which this server does not have
    server.write(bucket, "bot/state.json", b"the bot's")
    main(["verify", f"gs://{bucket}/bot?endpoint_url={server.url}", "--quick", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert [one for one in found["conformance"] if not one["kept"]] == []
    assert found["races"] == {"rounds": 6, "right": 6, "broken": ""}
    lost = found["lost_answers"]
    assert (lost["cuts"], lost["applied"], lost["broken"]) == (6, 4, "")
    assert found["safe"]
    assert server.keys(bucket) == ["bot/state.json"]


def test_a_server_that_ignores_conditions_fails_loudly(liar, capsys):
    bucket = liar.bucket()
    assert main(["verify", f"gs://{bucket}/bot?endpoint_url={liar.url}", "--quick"]) == 1
    out, err = capsys.readouterr()
    assert "Bot state is not safe here." in err
    assert "ignores conditions on puts" in err
    assert "**refused**: ignores conditions" in out
    assert liar.keys(bucket) == []
