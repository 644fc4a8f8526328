"""What requests, events and intents say of the trace that they belong to.

It is carried on, and no rule may depend on it. So what is none is left out and refuses nothing,
wherever it stands: in the body of a stranger, or in a state that an earlier build has written.
"""

from typing import Annotated

from pydantic import AfterValidator

from rescind.tracing.traceparent import known

__all__ = ["Traceparent"]

Traceparent = Annotated[str | None, AfterValidator(known)]
"""As W3C Trace Context has it, in version 00; what is malformed counts as none."""
