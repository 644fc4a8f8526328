"""What nobody in their right mind would ask: every answer is one that the description has."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import positive_data_acceptance

from rescind.access.register import token_record
from rescind.access.tokens import Scope, mint
from rescind.processors.shared.keys import signing_keys
from rescind.server.access.gate import now_ms
from rescind.server.api.live.positions import read_positions, write_positions
from rescind.server.api.problems import ProblemError
from tests.scenarios.harness import Scene
from tests.scenarios.http.http_api import means_of
from tests.scenarios.http.http_following import listening
from tests.sizes import FULL
from tests.waiting import until

EXAMPLES = 200 if FULL else 8
# A schema cannot say all of what is wrong: a time before 1970, a label without a value.
NOT_SAID = [positive_data_acceptance]


# schemathesis takes some of its chance from there, which Hypothesis does not like of anybody.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
async def test_what_is_asked_at_random_is_answered_as_described(
    scene: Scene, tmp_path: Path
) -> None:
    means = means_of(scene.house, tmp_path, http_port=0, access="tokens")
    token, shown = mint("whoever asks at random", [Scope.ADMIN], now_ms=now_ms())
    keys = signing_keys(scene.house.settings)
    await scene.sender.send(token_record(token, scene.names, keys))
    register = means.register
    assert register is not None
    async with listening(means) as server:
        await until(lambda: not means.no_kafka and not means.no_reads, within_seconds=60)
        host, port = server.address
        await until(lambda: token in register.known())
        await asyncio.to_thread(ask_at_random, f"http://{host}:{port}", str(shown))


def ask_at_random(address: str, token: str) -> None:
    """Every operation but the one that never ends."""
    schema = schemathesis.openapi.from_url(f"{address}/api/v1/openapi.json")
    found: list[Any] = list(schema.exclude(path="/api/v1/events").get_all_operations())
    operations = [each.ok() for each in found]
    assert len(operations) > 12
    said = {"Authorization": f"Bearer {token}"}
    for operation in operations:

        @settings(
            max_examples=EXAMPLES,
            database=None,
            derandomize=not FULL,
            phases=[Phase.generate],
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        )
        @given(case=operation.as_strategy())
        def check(case: Any) -> None:
            case.call_and_validate(timeout=30, excluded_checks=NOT_SAID, headers=said)

        check()


@given(positions=st.dictionaries(st.integers(0, 11), st.integers(0, 10**18 - 1), min_size=1))
def test_a_position_is_read_as_it_was_written(positions: dict[int, int]) -> None:
    assert read_positions(write_positions(positions), 12) == positions


@given(text=st.text() | st.from_regex(r"[0-9:,]+", fullmatch=True))
def test_any_other_text_is_no_position(text: str) -> None:
    with contextlib.suppress(ProblemError):
        assert max(read_positions(text, 12)) < 12
