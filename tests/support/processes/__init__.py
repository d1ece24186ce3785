"""Programs that tests start as processes of their own, and verbs that run in the tests' process instead."""
