"""Programs that tests start as separate processes, and verbs that run in the tests' process instead."""
