"""What is written below each field of a model, for the reference pages that are made of models."""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping

from pydantic import BaseModel

__all__ = ["docstrings"]


def docstrings(model: type[BaseModel]) -> Mapping[str, str]:
    """Each field and the string that stands below it, in one line; without one it is left out."""
    return dict(_below(model))


def _below(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    assert isinstance(body, ast.ClassDef)
    for field, below in zip(body.body, body.body[1:], strict=False):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                yield name, " ".join(text.split())
            case _:
                pass
