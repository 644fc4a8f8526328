"""The journal of one partition, folded as far as it goes whenever nobody serves the partition."""

from rescind.kafka.reading.visits import read_to_end
from rescind.processors.pipeline.restore import restore
from rescind.statemachine.audit import Auditor
from rescind.statemachine.draft import Draft
from rescind.statemachine.partition import Partition
from tests.kafka.processors.pipelines import at_rest
from tests.kafka.processors.service import Service
from tests.kafka.processors.verdict import not_as_folded

__all__ = ["Fold"]


class Fold:
    """What the journal of one partition says so far."""

    def __init__(self, service: Service, partition: int) -> None:
        self._service = service
        self._partition = partition
        self._auditor = Auditor(partition)
        self._folded = Draft(Partition())
        self._next = 0

    async def check(self) -> None:
        """While nobody serves it: it is whole so far, and what a restart finds is its fold."""
        service, partition = self._service, self._partition
        await at_rest(service, partition)
        read = read_to_end(service.connection, service.names.journal, partition, self._next)
        async for records in read:
            for record in records:
                entry = service.journal.entry_of(record)
                self._auditor.see(record.offset, entry)
                self._folded.fold(entry)
                self._next = record.offset + 1
        restored, _ = await restore(service.connection, service.names, partition)
        found = [str(finding) for finding in self._auditor.findings(at_end=False)]
        wrong = [*found, *not_as_folded(self._folded, restored)]
        assert not wrong, "\n".join(wrong[:20])
