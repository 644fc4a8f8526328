# The part of Dask's configuration that Rescind uses; the package's own types are partly unknown.
from contextlib import AbstractContextManager
from typing import Any

class set(AbstractContextManager[None]):
    def __init__(self, arg: dict[str, Any]) -> None: ...
    def __exit__(self, *exception: object) -> None: ...
