"""A real Apache Kafka on this machine, for one person, a demo or a test.

One broker that is also its controller, listening on loopback only. Neither Java nor Maven nor
Docker need be there: Kafka's files come from Maven's repository and Java from a Python package
(the extra ``local``). It is no cluster to run a business on: one copy of the data, one disk.
"""

from rescind.kafka.embedded.broker import EmbeddedBroker
from rescind.kafka.embedded.progress import Progress, ProgressCallback
from rescind.kafka.embedded.state import BrokerState, read_state

__all__ = ["BrokerState", "EmbeddedBroker", "Progress", "ProgressCallback", "read_state"]
