"""Stored documents and the state engine around them: old and newer formats, sealing, ledgers, and virtual time."""
