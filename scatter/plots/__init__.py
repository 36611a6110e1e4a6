"""From statistics and comparisons to figures."""
