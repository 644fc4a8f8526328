"""What requests, events and intents say of the trace that they belong to.

It is carried on, and neither read nor made here: no rule may depend on it.
"""

from typing import Annotated

from pydantic import StringConstraints

__all__ = ["Traceparent"]

Traceparent = Annotated[str, StringConstraints(max_length=256)]
"""As W3C Trace Context has it."""
