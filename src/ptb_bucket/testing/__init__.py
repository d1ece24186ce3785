"""Tools for tests: a conformance kit for providers, fault injection and an offline Telegram.

This package imports without pytest; only ``ptb_bucket.testing.conformance`` and ``ptb_bucket.testing.plugin`` need it.
"""
