"""The built wheels, and journeys that have nothing else."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "terraform"))  # the local AWS

from local_aws import LocalAws

from support.processes.journeys import Journey, python312, terraform_settings
from support.processes.wheels import build_wheels


@pytest.fixture(scope="session")
def wheels(tmp_path_factory):
    """The wheels of all distributions: those in PTB_BUCKET_WHEELS, such as a release's, or new ones."""
    if built := os.environ.get("PTB_BUCKET_WHEELS"):
        return Path(built)
    return build_wheels(tmp_path_factory.mktemp("wheels"))


@pytest.fixture(scope="session")
def aws_server():
    """A local AWS of this session's own."""
    with LocalAws() as server:
        yield server


@pytest.fixture
def aws(aws_server):
    """An empty AWS account."""
    aws_server.forget()
    return aws_server


@pytest.fixture
def journey(tmp_path, wheels):
    """A journey in an empty folder."""
    return Journey(tmp_path, wheels)


@pytest.fixture
def lambda_python(journey):
    """Put the Python of Lambda into the path."""
    if (python := python312()) is None:
        pytest.skip("Python 3.12 with pip is not installed: no package for Lambda is built")
    journey.link("python3.12", python)


@pytest.fixture
def terraform(journey, tmp_path):
    """Let terraform find its provider and our modules on this machine."""
    if not os.environ.get("PTB_BUCKET_TERRAFORM_PLUGINS"):
        pytest.skip("PTB_BUCKET_TERRAFORM_PLUGINS names no mirror with hashicorp/aws: terraform applies nothing")
    journey.environment |= terraform_settings(tmp_path)
    # It asks before it applies, and reads all of its input for one answer.
    journey.program("terraform", f'#!/bin/sh\necho yes | {shutil.which("terraform")} "$@"\n')
