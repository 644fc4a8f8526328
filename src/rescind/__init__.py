"""Cancel work that is already running, and prove what was done."""

__version__ = "0.1.0"
