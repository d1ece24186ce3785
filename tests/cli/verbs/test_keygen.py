"""Tests that each call makes a new key, and that the key can seal."""

from __future__ import annotations

import json

from ptb_bucket.cli import main
from ptb_bucket.sealing import Sealing


def keygen(capsys, *arguments):
    assert main(["keygen", *arguments]) == 0
    return capsys.readouterr().out


def test_a_key_seals_and_is_never_the_same(capsys):
    first, second = keygen(capsys), json.loads(keygen(capsys, "--json"))["key"]
    assert first.strip() != second
    sealers = [Sealing(signing_keys=key.strip(), environment={}).sealer("7") for key in (first, second)]
    sealed = sealers[0].seal("state.json", b"{}")
    assert sealers[0].open("state.json", sealed) == b"{}"
    assert first.strip() not in sealed.decode("latin-1")
