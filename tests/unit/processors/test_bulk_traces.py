"""The spans of a bulk cancellation's sweep: a trace for each flow run, and links both ways."""

from collections.abc import Iterator, Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased, Sampler
from opentelemetry.trace import StatusCode
from structlog.testing import capture_logs

from rescind.kafka.connection import Connection
from rescind.kafka.topics import TopicNames
from rescind.processors.watching import tracing
from rescind.processors.watching.bulks import Bulks
from rescind.processors.watching.tracing import LINKS_MAX, BulkTrace, begun_by
from rescind.tracing import spans
from rescind.tracing.messaging import sending
from tests.bulks import BULK, created
from tests.scenario import given

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
GIVEN = f"00-{TRACE}-00f067aa0ba902b7-01"


class Kept:
    """What whoever collects spans has got, by what it is."""

    def __init__(self, roots: Sampler) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider(sampler=ParentBased(roots), shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self._exporter.get_finished_spans() if span.name == name]

    def parts(self) -> list[ReadableSpan]:
        return self.named("ask flow runs")

    def asked(self) -> list[ReadableSpan]:
        return self.named("cancel flow run")


@pytest.fixture(params=[ALWAYS_ON])
def kept(request: pytest.FixtureRequest) -> Iterator[Kept]:
    kept = Kept(request.param)
    spans.use(kept.provider)
    yield kept
    spans.use(None)
    kept.provider.shutdown()


def place(span: ReadableSpan) -> tuple[int, int]:
    assert span.context is not None
    return span.context.trace_id, span.context.span_id


def linked(found: Sequence[ReadableSpan]) -> set[tuple[int, int]]:
    return {(link.context.trace_id, link.context.span_id) for span in found for link in span.links}


def asked_for(trace: BulkTrace, *flow_run_ids: str) -> list[str | None]:
    """What each cancel carries on."""
    carried: list[str | None] = []
    for flow_run_id in flow_run_ids:
        with trace.asking(flow_run_id), sending("lane", 0, "r", None) as traceparent:
            carried.append(traceparent)
    return carried


def test_each_flow_run_has_a_trace_of_its_own_and_links_lead_both_ways(kept: Kept) -> None:
    with BulkTrace("b", GIVEN) as trace:
        carried = asked_for(trace, "f1", "f2", "f3")

    (part,) = kept.parts()
    asked, sent = kept.asked(), kept.named("send lane")
    assert part.parent is not None
    assert f"{part.parent.trace_id:032x}" == TRACE
    assert part.attributes == {"rescind.bulk_id": "b", "rescind.bulk.asked": 3}
    assert linked([part]) == set(map(place, asked))
    assert linked(asked) == {place(part)}
    assert {span.parent for span in asked} == {None}
    assert len({place(span)[0] for span in (part, *asked)}) == 4
    assert [span.parent and span.parent.span_id for span in sent] == [
        place(span)[1] for span in asked
    ]
    assert [f"{place(span)[1]:016x}" for span in sent] == [
        (one or "").split("-")[2] for one in carried
    ]


def test_no_link_of_many_is_thrown_away(kept: Kept) -> None:
    many = [f"f{number}" for number in range(2 * LINKS_MAX + 1)]

    with BulkTrace("b", GIVEN) as trace:
        asked_for(trace, *many)

    assert [len(span.links) for span in kept.parts()] == [LINKS_MAX, LINKS_MAX, 1]
    assert [span.dropped_links for span in kept.parts()] == [0, 0, 0]
    assert linked(kept.parts()) == set(map(place, kept.asked()))


def test_a_slow_one_shows_meanwhile_how_far_it_is(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    with BulkTrace("b", GIVEN) as trace:
        asked_for(trace, "f1", "f2")
        assert not kept.parts()
        monkeypatch.setattr(tracing, "OPEN_SECONDS", -1.0)
        asked_for(trace, "f3")
        (part,) = kept.parts()

    assert part.attributes is not None
    assert part.attributes["rescind.bulk.asked"] == 2
    assert len(kept.parts()) == 2


def test_what_fails_is_told_by_its_kind_and_ends_what_is_open(kept: Kept) -> None:
    def fail() -> None:
        with BulkTrace("b", GIVEN) as trace, trace.asking("f"):
            raise ValueError("a password")

    with pytest.raises(ValueError, match="a password"):
        fail()

    (part,), (asked,) = kept.parts(), kept.asked()
    assert asked.status.status_code is StatusCode.ERROR
    assert "password" not in asked.to_json() + part.to_json()


@pytest.mark.parametrize("kept", [ALWAYS_OFF], indirect=True)
def test_the_users_sampler_decides_which_flow_runs_are_kept(kept: Kept) -> None:
    with BulkTrace("b", GIVEN) as trace:
        carried = asked_for(trace, "f1", "f2")

    (part,) = kept.parts()
    assert part.attributes == {"rescind.bulk_id": "b", "rescind.bulk.asked": 2}
    assert (kept.asked(), carried, part.links) == ([], [None, None], ())


@pytest.mark.parametrize("above", [None, "nonsense", f"00-{TRACE}-00f067aa0ba902b7-00"])
def test_of_no_trace_or_one_that_nobody_keeps_there_is_nothing(
    kept: Kept, above: str | None
) -> None:
    with BulkTrace("b", above) as trace:
        carried = asked_for(trace, "f1")

    assert (kept.parts(), kept.asked(), carried) == ([], [], [None])


@pytest.mark.usefixtures("kept")
async def test_who_cannot_look_for_its_trace_has_none_and_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tracing, "LOOK_SECONDS", 0.2)
    bulks = Bulks()
    bulks.knows(0, [])
    bulks.hear(0, given(created).world.journal[0])
    bulk = bulks.get(BULK)
    assert bulk is not None

    with capture_logs() as said:
        assert await begun_by(Connection("127.0.0.1:1"), TopicNames("no."), 0, bulk) is None

    (line,) = said
    assert line["event"] == "a bulk cancellation is not traced"


def test_where_nobody_makes_spans_the_cancels_do_not_all_join_one_trace() -> None:
    with BulkTrace("b", GIVEN) as trace:
        assert asked_for(trace, "f1", "f2") == [None, None]
