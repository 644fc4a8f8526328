"""From ``FILE:FLOW`` and ``name=value`` to a flow and its arguments.

The file is imported under its own name with its folder on the path, so it may import what lies
beside it. Unlike with a script, the folder comes last and a name that is taken (``json.py``) is
not given: our own imports, of which some come late, would find the user's file. Functions of it
reach worker processes by value: a worker need not find the file.
"""

import importlib.util
import inspect
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any, Final, cast

import cloudpickle
from pydantic import PydanticSchemaGenerationError, TypeAdapter, ValidationError

from rescind.errors import FlowImportError
from rescind.runners.sdk.flows import Flow
from rescind.runners.sdk.signatures import signature_of

__all__ = ["load_flow", "read_params"]

_PRIVATE: Final = "_rescind_flow_"


def load_flow(target: str) -> Flow[..., Any]:
    """The flow that ``FILE:FLOW`` names; without ``:FLOW`` the only one in the file.

    Raises:
        FlowImportError: no such file or flow, or the file raises when it is imported.

    """
    file, _, name = target.partition(":")
    path = Path(file)
    try:
        is_there = path.is_file()
    except OSError as error:
        # Its name is too long, or its folder is not open to this user.
        raise FlowImportError(target, f"{error.strerror}: {file!r}") from None
    if not is_there:
        raise FlowImportError(target, f"there is no file {file!r}")
    module = _import(path, target)
    flows: dict[str, Flow[..., Any]] = {
        key: cast("Flow[..., Any]", value)
        for key, value in vars(module).items()
        if isinstance(value, Flow)
    }
    if not name:
        if len(flows) == 1:
            return next(iter(flows.values()))
        raise FlowImportError(target, _which(file, flows))
    if name in flows:
        return flows[name]
    why = "is not decorated with @flow" if name in vars(module) else "is not in it"
    raise FlowImportError(target, f"{name!r} {why}; {_which(file, flows)}")


def _which(file: str, flows: Iterable[str]) -> str:
    names = ", ".join(sorted(flows))
    return f"{file} has these flows: {names}" if names else f"{file} has no function with @flow"


def _import(path: Path, target: str) -> ModuleType:
    _put_last_on_the_path(path.resolve().parent)
    name = path.stem if _is_free(path) else _PRIVATE + path.stem.replace(".", "_")
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise FlowImportError(target, f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        # Also a script that ends itself when it is imported, and `Cancelled`: it is of no use.
        del sys.modules[name]
        where = _line_of(error, path)
        said = f"{type(error).__name__}: {_one_line(error)}"
        raise FlowImportError(target, f"{path}{where} raised {said}") from error
    cloudpickle.register_pickle_by_value(module)
    return module


def _put_last_on_the_path(folder: Path) -> None:
    # It may be there already: `python -m rescind` puts the working directory first.
    others = [entry for entry in sys.path if Path(entry).resolve() != folder]
    sys.path[:] = [*others, str(folder)]


def _is_free(path: Path) -> bool:
    """Whether nothing but this very file has the name, or would be found by it."""
    if "." in path.stem:
        return False
    try:
        there = importlib.util.find_spec(path.stem)
    except ValueError:  # It is loaded and does not say from where, as ``__main__`` is.
        return False
    return there is None or Path(there.origin or "").absolute() == path.absolute()


def _line_of(error: BaseException, path: Path) -> str:
    trace = error.__traceback__
    line = None
    while trace is not None:
        if Path(trace.tb_frame.f_code.co_filename).name == path.name:
            line = trace.tb_lineno
        trace = trace.tb_next
    return "" if line is None else f", line {line},"


def read_params(flow: Flow[..., Any], given: Iterable[str], target: str) -> dict[str, Any]:
    """Arguments from ``name=value`` texts, by the flow's annotations.

    Raises:
        FlowImportError: an argument that the flow does not take, lacks, or cannot read.

    """
    parameters = signature_of(flow.function).parameters
    params: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise FlowImportError(target, f"{text!r} is no argument; write name=value")
        if name not in parameters:
            known = ", ".join(parameters) or "none"
            raise FlowImportError(target, f"it takes no argument {name!r}; it takes: {known}")
        params[name] = _read(flow, name, value, target)
    missing = [
        name
        for name, parameter in parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        and name not in params
    ]
    if missing:
        raise FlowImportError(target, f"it needs the argument {missing[0]!r}; give --param")
    return params


def _read(flow: Flow[..., Any], name: str, text: str, target: str) -> Any:
    """The value for this parameter.

    Only its own annotation is looked at: that of another, which is not given, may name what is
    imported for type checkers alone.
    """
    annotation: Any = signature_of(flow.function).parameters[name].annotation
    try:
        value: object = json.loads(text)
    except ValueError:
        value = text
    if annotation is inspect.Parameter.empty:
        return value
    said = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    try:
        if isinstance(annotation, str):
            names = getattr(inspect.unwrap(flow.function), "__globals__", {})
            annotation = eval(annotation, names)  # noqa: S307 - as Python would have
        return _validated(TypeAdapter(annotation), value, text)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]["msg"]
        raise FlowImportError(target, f"the argument {name}={text}: {problem}") from None
    except PydanticSchemaGenerationError:
        why = f"no text can be made a {said}"
    except Exception as error:  # noqa: BLE001 - an annotation may be any expression, and do anything.
        why = f"its annotation {said!r} cannot be used: {type(error).__name__}: {_one_line(error)}"
    raise FlowImportError(target, f"the argument {name!r} cannot be given by --param: {why}")


def _validated(adapter: TypeAdapter[Any], value: object, text: str) -> Any:
    try:
        return adapter.validate_python(value)
    except ValidationError:
        return adapter.validate_python(text)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
