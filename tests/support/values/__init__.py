"""Values and classes of bot authors: storable ones, ones that raise, and pickles that attack."""
