"""`importing`: for the many imports that a process begins with.

Modules, classes and schemas stay, so Python's collector goes through ever more of them in vain:
without it the imports of ``rescind worker`` take 1.50 s of processor time and not 1.63, those of
``rescind run`` 0.89 and not 0.95. Nothing of a user's runs in here: for that, the collector is as
they have set it.
"""

import gc
from collections.abc import Generator
from contextlib import contextmanager

__all__ = ["importing"]


@contextmanager
def importing() -> Generator[None]:
    """Leave Python's collector off for as long as this takes, if it was on."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
