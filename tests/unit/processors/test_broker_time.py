"""The broker's clock as a process knows it: never ahead, and as near as the quickest answer."""

from typing import cast

from rescind.kafka.records import OutRecord, Sent
from rescind.kafka.writing.sender import Sender
from rescind.processors.shared.broker_time import BrokerTime


class _Broker:
    """Stamps a record half-way between its way there and its way back; its clock goes evenly."""

    def __init__(self, *answers: tuple[float, float]) -> None:
        self.monotonic = 50.0
        self.ahead_ms = 1_000_000
        self._answers = list(answers)

    async def send(self, record: OutRecord) -> Sent:
        there, back = self._answers.pop(0)
        self.monotonic += there
        stamp_ms = self.true_ms
        self.monotonic += back
        assert record.topic == "heartbeats"
        return Sent(0, 0, int(stamp_ms))

    @property
    def true_ms(self) -> float:
        return self.monotonic * 1000 + self.ahead_ms

    def time(self) -> BrokerTime:
        return BrokerTime(cast(Sender, self), "heartbeats", "w", lambda: self.monotonic)


async def test_it_is_never_ahead_of_the_broker_however_slow_the_way_there_was() -> None:
    broker = _Broker((5.0, 0.002), (0.001, 0.001))
    time = broker.time()
    await time.learn()
    assert broker.true_ms - 3 <= time.now_ms() <= broker.true_ms


async def test_a_slow_answer_does_not_spoil_what_a_quick_one_has_shown() -> None:
    broker = _Broker((0.2, 0.2), (0.001, 0.001), (10.0, 30.0))
    time = broker.time()
    await time.learn()
    await time.learn()
    assert broker.true_ms - 3 <= time.now_ms() <= broker.true_ms


async def test_time_goes_on_between_answers() -> None:
    broker = _Broker((0.001, 0.001), (0.001, 0.001))
    time = broker.time()
    await time.learn()
    before = time.now_ms()
    broker.monotonic += 7
    assert time.now_ms() - before == 7000


async def test_an_answer_after_a_sleep_of_the_machine_sets_it_right() -> None:
    broker = _Broker((0.001, 0.001), (0.001, 0.001), (0.001, 0.001))
    time = broker.time()
    await time.learn()
    # The monotonic clock has stood still meanwhile, the broker's has not.
    broker.ahead_ms += 3_600_000
    await time.learn()
    assert broker.true_ms - 3 <= time.now_ms() <= broker.true_ms
