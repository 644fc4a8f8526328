"""When a pod is said to have ended: what its kubelet saw of the container, and nothing else."""

from typing import Any

import pytest

from rescind.runners.infrastructure.kubernetes.manifest import CONTAINER
from rescind.runners.infrastructure.kubernetes.pods import Pod

RUNNING = {"running": {"startedAt": "2026-01-01T12:00:00Z"}}
WAITING = {"waiting": {"reason": "ErrImageNeverPull", "message": "it is not there"}}
ENDED = {"terminated": {"exitCode": 137, "reason": "Error", "finishedAt": "2026-01-01T12:00:00Z"}}
NOT_FOUND = {"terminated": {"exitCode": 137, "reason": "ContainerStatusUnknown"}}
OF_OTHERS = [{"type": "DisruptionTarget", "reason": "DeletionByPodGC", "status": "True"}]


def pod(
    state: dict[str, Any] | None = None,
    *,
    node: str | None = "n",
    is_deleted: bool = False,
    before: dict[str, Any] | None = None,
    **status: Any,
) -> Pod:
    """As the server shows one."""
    deleted = {"deletionTimestamp": "2026-01-01T12:00:00Z"} if is_deleted else {}
    shown = {"name": CONTAINER, "state": state, "lastState": before or {}}
    statuses = [] if state is None else [shown]
    return Pod.seen(
        {
            "metadata": {"name": "p", "uid": "u", **deleted},
            "spec": {} if node is None else {"nodeName": node},
            "status": {"containerStatuses": statuses, **status},
        }
    )


@pytest.mark.parametrize(
    "seen,has_ended,never_ran",
    [
        (pod(RUNNING), False, False),
        (pod(RUNNING, is_deleted=True), False, False),
        (pod(RUNNING, is_deleted=True, phase="Failed"), False, False),
        (pod(RUNNING, is_deleted=True, phase="Failed", conditions=OF_OTHERS), False, False),
        (pod(ENDED), True, False),
        (pod(ENDED, phase="Running"), True, False),
        (pod(WAITING), False, False),
        (pod(WAITING, is_deleted=True), False, False),
        (pod(WAITING, is_deleted=True, phase="Failed"), True, True),
        (pod(WAITING, is_deleted=True, phase="Failed", conditions=OF_OTHERS), False, False),
        (pod(NOT_FOUND, is_deleted=True, phase="Failed"), True, True),
        (pod(NOT_FOUND, is_deleted=True, phase="Failed", before=NOT_FOUND), True, False),
        (pod(), False, False),
        (pod(is_deleted=True), False, False),
        (pod(node=None), False, False),
        (pod(node=None, is_deleted=True), True, True),
    ],
)
def test_50_a_pod_has_ended_when_that_was_seen(seen: Pod, has_ended: bool, never_ran: bool) -> None:
    assert (seen.has_ended, seen.never_ran) == (has_ended, never_ran)


def test_50_what_was_put_beside_the_flow_runner_says_nothing_of_it() -> None:
    beside = Pod.seen(
        {
            "metadata": {"name": "p", "uid": "u"},
            "spec": {"nodeName": "n"},
            "status": {
                "containerStatuses": [
                    {"name": "proxy", "state": ENDED},
                    {"name": CONTAINER, "state": RUNNING},
                ]
            },
        }
    )

    assert not beside.has_ended


def test_what_it_waits_for_is_one_line() -> None:
    assert pod(WAITING).waits_for == "ErrImageNeverPull: it is not there"


def test_its_end_is_told_as_the_kubelet_has_it() -> None:
    assert pod(ENDED).was_killed
    assert pod(ENDED).facts() == {
        "pod": "p",
        "node": "n",
        "exit_code": 137,
        "reason": "Error",
        "finished_at": "2026-01-01T12:00:00Z",
    }
