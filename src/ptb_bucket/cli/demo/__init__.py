"""``ptb-bucket demo``: a bot that is stopped, started again in a new process, and remembers."""

from ptb_bucket.cli.demo.command import add_to

__all__ = ["add_to"]
