"""What one partition has to tell others: cancels to children, ends to their parents.

What is owed follows from the state. An errand is sent after the commit that led to it, a chunk
at a time, and once the broker has it the next transaction says so. After a restart all that is
not said is sent again; whoever is told twice knows it.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

import structlog
from pydantic import ValidationError

from rescind.events.requests import AnyRequest, FlowCancel
from rescind.kafka.partitions import partition_of
from rescind.kafka.records import OutRecord
from rescind.processors.lifecycle.place import Place
from rescind.processors.shared.signing import signed
from rescind.statemachine.draft import Draft
from rescind.statemachine.families import (
    Errand,
    all_errands,
    answer_to_edge,
    errand_request,
    errands_of_flow,
    owed_to_child,
)
from rescind.statemachine.partition import Partition

__all__ = ["Errands", "answers_to_parent"]

_log = structlog.get_logger(__name__)


def answers_to_parent(request: FlowCancel, draft: Draft, place: Place) -> list[OutRecord]:
    """What a parent whose cancel was decided has to hear at once, or it would wait for ever.

    The broker must have it before the transaction is committed: no state owes it.
    """
    answer = answer_to_edge(request, draft)
    if answer is None:
        return []
    partition = partition_of(answer.stream_id, place.partitions)
    return [signed(answer, partition, place.topics, place.signing_keys)]


class Errands:
    """Knows, after each commit, what is still to be told, and what the broker has of it.

    What a state no longer owes is found out when it comes to its turn.
    """

    def __init__(self) -> None:
        self._owed: dict[Errand, None] = {}
        self._flying: dict[Errand, None] = {}
        self._told: dict[Errand, None] = {}

    def restore(self, partition: Partition) -> None:
        """Owe whatever a restored state does."""
        self._owed.update(dict.fromkeys(all_errands(partition)))

    def see(self, draft: Draft) -> None:
        """Owe what a committed transaction has led to."""
        for flow_run_id in draft.flows:
            flow = draft.base.flows.get(flow_run_id)
            # Of most flow runs neither is there.
            if flow is not None and (flow.children or flow.parent is not None):
                for errand in _new_errands(draft, flow_run_id):
                    if errand not in self._flying and errand not in self._told:
                        self._owed[errand] = None

    def take(
        self, partition: Partition, now_ms: int, limit: int
    ) -> list[tuple[Errand, AnyRequest]]:
        """Up to so many requests that are to be sent now, by the broker's time `now_ms`."""
        taken: list[tuple[Errand, AnyRequest]] = []
        for errand in list(islice(self._owed, limit)):
            del self._owed[errand]
            try:
                request = errand_request(errand, partition, now_ms)
            except ValidationError as error:
                # A bug for one edge, which a restart tries again; the others are told.
                said = error.errors(include_url=False, include_input=False)[0]
                _log.error("an errand cannot be run", flow_run_id=errand.flow_run_id, why=str(said))
                continue
            if request is not None:
                self._flying[errand] = None
                taken.append((errand, request))
        return taken

    def landed(self, errands: Iterable[Errand]) -> None:
        """The broker has these."""
        for errand in errands:
            self._flying.pop(errand, None)
            self._told[errand] = None

    def fallen(self, errands: Iterable[Errand]) -> None:
        """The broker does not have these: they are owed again."""
        for errand in errands:
            self._flying.pop(errand, None)
            self._owed[errand] = None

    def told(self, limit: int) -> tuple[Errand, ...]:
        """Up to so many that the broker has and no transaction has recorded."""
        return tuple(islice(self._told, limit))

    def recorded(self, errands: Iterable[Errand]) -> None:
        """A transaction says so of these, or has found them no longer owed."""
        for errand in errands:
            self._told.pop(errand, None)


def _new_errands(draft: Draft, flow_run_id: str) -> Iterator[Errand]:
    if flow_run_id in draft.spoken:
        # Something of its own has happened, which all of its children may have to hear of.
        yield from errands_of_flow(draft.base, flow_run_id)
        return
    flow = draft.base.flows[flow_run_id]
    for task in draft.tasks.get(flow_run_id, {}).values():
        errand = None if task is None else owed_to_child(flow, task)
        if errand is not None:
            yield errand
