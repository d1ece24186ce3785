"""States that the tools work on, with old versions, shared objects or broadcasts, and helpers to look at them."""
