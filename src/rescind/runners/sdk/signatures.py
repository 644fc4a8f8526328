"""What user code takes, whose annotations may name what is imported for type checkers alone."""

import inspect
import sys
from collections.abc import Callable

__all__ = ["signature_of"]


def signature_of(function: Callable[..., object]) -> inspect.Signature:
    """Its signature, as `inspect.signature`; what an annotation names need not be there.

    From Python 3.14 on annotations are evaluated when they are asked for, not where they stand,
    and a name that is missing would be an error here. It is left as a ``ForwardRef``.
    """
    if sys.version_info >= (3, 14):
        from annotationlib import Format

        return inspect.signature(function, annotation_format=Format.FORWARDREF)
    else:  # noqa: RET505 - without it mypy finds what follows unreachable under 3.14.
        return inspect.signature(function)
