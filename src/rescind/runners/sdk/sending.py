"""How a task gets into another process: by its name where that leads to it, else by value.

``@task`` puts a `Task` where the function's name is, so pickling the function itself by name would
find something else; `cloudpickle` then copies the function with every global that it uses. So in
its place goes an object that unpickles to the function, by way of the task.
"""

import importlib
import sys
from functools import reduce
from importlib.machinery import PathFinder
from types import ModuleType
from typing import Any

__all__ = ["FunctionByName", "is_found_by_name", "object_by_name"]


class FunctionByName:
    """Pickled, it is the function that the task of that name was made of."""

    def __init__(self, module: str, qualname: str) -> None:
        self._module = module
        self._qualname = qualname

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return _function_by_name, (self._module, self._qualname)


def object_by_name(module: str, qualname: str) -> object:
    """What a module has under a dotted name; imports the module."""
    return reduce(getattr, qualname.split("."), importlib.import_module(module))


def is_found_by_name(thing: object, module_name: str, qualname: str) -> bool:
    """Whether another process with the same search path would find that very object."""
    module = sys.modules.get(module_name)
    if module is None or module_name == "__main__" or "<locals>" in qualname:
        return False
    try:
        found = object_by_name(module_name, qualname)
    except AttributeError:
        return False
    return found is thing and _would_be_imported(module)


def _function_by_name(module: str, qualname: str) -> object:
    found: Any = object_by_name(module, qualname)
    return found.function


def _would_be_imported(module: ModuleType) -> bool:
    # `importlib.util.find_spec` says only what is imported here already.
    parent = module.__name__.rpartition(".")[0]
    path = sys.modules[parent].__path__ if parent else None
    spec = PathFinder.find_spec(module.__name__, path)
    return spec is not None and spec.origin == getattr(module, "__file__", None)
