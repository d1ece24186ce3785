"""New bots: a folder with a bot, its tests and the files that deploy it. ``ptb-bucket init`` writes it."""

from ptb_bucket.starter.project import TARGETS, Project, write

__all__ = ["TARGETS", "Project", "write"]
