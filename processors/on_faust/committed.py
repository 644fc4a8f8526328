"""The shim that makes Faust read committed records only.

Faust's consumers read uncommitted records unless ``processing_guarantee`` is ``exactly_once``,
and that mode never aborts a transaction and lets outputs leave it. The lifecycle writes in
transactions, so an agent without this would act on what was never decided. Four classes hand
one attribute down to the consumer; `tests/kafka/processors/agents/test_committed.py` sees an
aborted record stay unread, and fails when a release of Faust moves one of them.
"""

from typing import Any

import faust
from faust.transport.drivers import aiokafka as driver

from rescind.kafka.clients.internals import pace_metadata

__all__ = ["CommittedApp"]


class _CommittedThread(driver.AIOKafkaConsumerThread):
    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"  # noqa: SLF001 - Faust offers no setting
        pace_metadata(consumer)
        return consumer


class _CommittedConsumer(driver.Consumer):
    def _new_consumer_thread(self) -> Any:
        return _CommittedThread(self, loop=self.loop, beacon=self.beacon)


class _CommittedTransport(driver.Transport):
    Consumer = _CommittedConsumer


class CommittedApp(faust.App):
    """A Faust app whose agents see committed records only, and that keeps nothing on disk."""

    def _new_transport(self) -> Any:
        return _CommittedTransport(self.conf.broker_consumer, self, loop=self.loop)

    def _create_directories(self) -> None:
        """Faust would make three, for tables, in the folder where the process was started."""
