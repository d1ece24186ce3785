"""The contestants' bots. Each module has ``require``, ``builder`` and ``save``, and imports only its own libraries."""
