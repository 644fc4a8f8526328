"""Flow runs as a runner would make them, by plain requests."""

from typing import Any

from rescind.events.journal import RequestRefused
from rescind.kafka.records import OutRecord
from tests.kafka.processors.service import Service

RUNNER = "runner-of-the-test"


async def asked(service: Service, request: dict[str, Any], **more: Any) -> None:
    """Ask, and see that nothing of it was refused."""
    for entry in await service.answer_to(request, **more):
        assert not isinstance(entry.event, RequestRefused), entry.event


async def running(
    service: Service, flow_run_id: str, *, granted: int = 1, waiting: int = 0, **flow: Any
) -> None:
    """A flow run with so many task runs ``t0``… that run, and so many ``w0``… that do not."""
    partition = service.partition_of(flow_run_id)
    await service.answer_to({"type": "runner.register", "runner_id": RUNNER}, partition=partition)
    mine = {"flow_run_id": flow_run_id, "runner_id": RUNNER}
    await asked(service, {"type": "flow.register", **mine, **flow})
    await asked(service, {"type": "flow.start", **mine})
    names = [f"t{n}" for n in range(granted)] + [f"w{n}" for n in range(waiting)]
    if names:
        items = [{"task_run_id": name} for name in names]
        await asked(service, {"type": "task.register", **mine, "items": items})
    if granted:
        items = [{"task_run_id": f"t{n}"} for n in range(granted)]
        await asked(service, {"type": "task.start", **mine, "items": items})


async def ended(service: Service, flow_run_id: str, *task_run_ids: str, end: str) -> None:
    """These task runs have ended so."""
    items = [{"task_run_id": name, "end": end} for name in task_run_ids]
    mine = {"flow_run_id": flow_run_id, "runner_id": RUNNER}
    await asked(service, {"type": "task.finish", **mine, "items": items})


async def succeeded(service: Service, flow_run_id: str) -> None:
    """A flow run without task runs that has ended well."""
    await running(service, flow_run_id, granted=0)
    mine = {"flow_run_id": flow_run_id, "runner_id": RUNNER}
    await asked(service, {"type": "flow.finish", **mine, "end": "success"})


def stray(service: Service, value: bytes, topic: str | None = None) -> OutRecord:
    """A record that the service has not written, beside the flow run ``f``."""
    partition = service.partition_of("f")
    return OutRecord(topic or service.names.flow_states, b"stray", value, (), partition)
