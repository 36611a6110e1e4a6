"""Gas-surface reactive scattering: molecules fired at thermal surfaces, many at once."""

__version__ = "0.1.0"
