"""Deliberate bugs, each of which the tests of effects notice."""

from __future__ import annotations

import time

import pytest

from application.effects.test_shop import fail_everywhere, kill_everywhere, meet
from ptb_bucket.application.effects import once, outcomes
from ptb_bucket.application.timers import service
from ptb_bucket.application.timers.runner import TimerRunner
from ptb_bucket.state.commit import rebase
