"""``ptb-bucket demo``: chat with a bot, restart it in a new process, and see that it remembers."""

from ptb_bucket.cli.demo.command import add_to

__all__ = ["add_to"]
