"""The parts of against_sdk.py."""
