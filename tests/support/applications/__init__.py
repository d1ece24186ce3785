"""Bots on an offline Telegram: how to build one, restart it, and run several instances of it."""
