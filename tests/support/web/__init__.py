"""A browser, a running page and a population that is known, for the tests of ``ptb-bucket web`` and its pictures."""
