"""The queries: what pages need to know of a state, from the tools alone."""
