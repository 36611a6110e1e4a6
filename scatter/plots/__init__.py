"""From analyses and comparisons to figures."""
