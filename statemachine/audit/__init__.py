"""The checker of the invariants: whether a journal, and the states beside it, can be true."""

from rescind.statemachine.audit.auditor import Auditor
from rescind.statemachine.audit.findings import Finding, FindingCode, invariant_of
from rescind.statemachine.audit.states import Topic

__all__ = ["Auditor", "Finding", "FindingCode", "Topic", "invariant_of"]
