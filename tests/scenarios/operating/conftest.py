"""Whoever collects the spans of the processes that a scenario starts."""

from collections.abc import Iterator

import pytest

from tests.otlp import Spans, received


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[Spans]:
    """What they export, from here on."""
    with received() as found:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", found.endpoint)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        yield found
