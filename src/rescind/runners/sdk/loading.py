"""From ``FILE:FLOW`` and ``name=value`` to a flow and its arguments.

The file is imported under its own name with its folder on the path, as Python does for a script,
so it may import what lies beside it. Functions of it reach worker processes by value: a worker
need not find the file.
"""

import importlib.util
import inspect
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import cloudpickle
from pydantic import TypeAdapter, ValidationError

from rescind.errors import FlowImportError
from rescind.runners.sdk.flows import Flow

__all__ = ["load_flow", "read_params"]


def load_flow(target: str) -> Flow[..., Any]:
    """The flow that ``FILE:FLOW`` names; without ``:FLOW`` the only one in the file.

    Raises:
        FlowImportError: no such file or flow, or the file raises when it is imported.

    """
    file, _, name = target.partition(":")
    path = Path(file)
    if not path.is_file():
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
    sys.path.insert(0, str(path.resolve().parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise FlowImportError(target, f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        # A script that ends itself when it is imported is no more of use than one that raises.
        where = _line_of(error, path)
        raise FlowImportError(
            target, f"{path}{where} raised {type(error).__name__}: {error}"
        ) from error
    cloudpickle.register_pickle_by_value(module)
    return module


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
    parameters = inspect.signature(flow.function, eval_str=True).parameters
    params: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise FlowImportError(target, f"{text!r} is no argument; write name=value")
        if name not in parameters:
            known = ", ".join(parameters) or "none"
            raise FlowImportError(target, f"it takes no argument {name!r}; it takes: {known}")
        params[name] = _read(name, value, parameters[name].annotation, target)
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


def _read(name: str, text: str, annotation: Any, target: str) -> Any:
    try:
        value: object = json.loads(text)
    except ValueError:
        value = text
    if annotation is inspect.Parameter.empty:
        return value
    adapter: TypeAdapter[Any] = TypeAdapter(annotation)
    said = ""
    for candidate in (value, text):
        try:
            return adapter.validate_python(candidate)
        except ValidationError as error:
            said = error.errors(include_url=False)[0]["msg"]
    raise FlowImportError(target, f"the argument {name}={text}: {said}")
