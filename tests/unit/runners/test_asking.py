"""What Ctrl-C and a host's signal ask for, by what the service may know and has answered."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from rescind.runners.flowrunner.asking import Asking
from rescind.runners.flowrunner.watching import Watcher


class Asked:
    """An `Asking`, and what it has asked for: each reason, and whether to abort."""

    def __init__(self, *, is_new: bool = True) -> None:
        self.cancels: list[tuple[str, bool]] = []
        self.said: list[str] = []
        self.asking = Asking(
            "f",
            is_new=is_new,
            post=_at_once,
            watcher=Watcher(lambda happening: self.said.append(happening.message)),
        )

    def registers(self) -> None:
        self.asking.registers(self._ask)

    def _ask(self, flow_run_id: str, reason: str, *, abort: bool) -> None:
        assert flow_run_id == "f"
        self.cancels.append((reason, abort))


def _at_once(function: Callable[..., None], *arguments: object) -> None:
    function(*arguments)


def terminate() -> None:
    signal.raise_signal(signal.SIGTERM)


def test_ctrl_c_gives_up_before_there_is_anything_to_cancel() -> None:
    asked = Asked()

    with pytest.raises(KeyboardInterrupt):
        asked.asking.ctrl_c()

    asked.registers()
    assert asked.cancels == []


def test_ctrl_c_while_the_service_is_asked_cancels_what_has_a_new_id_and_says_it() -> None:
    asked = Asked()
    asked.registers()

    asked.asking.ctrl_c()

    assert asked.cancels == [("Ctrl-C", False)]
    (said,) = asked.said
    assert said.startswith("flow run f is cancelled once it is registered")
    asked.asking.registered()
    assert asked.cancels == [("Ctrl-C", False)]


def test_what_may_be_somebody_elses_is_cancelled_when_the_service_says_that_it_is_ours() -> None:
    asked = Asked(is_new=False)
    asked.registers()

    asked.asking.ctrl_c()

    assert asked.cancels == []
    asked.asking.registered()
    assert asked.cancels == [("Ctrl-C", False)]


def test_ctrl_c_again_without_an_answer_gives_up() -> None:
    asked = Asked()
    asked.registers()
    asked.asking.ctrl_c()

    with pytest.raises(KeyboardInterrupt):
        asked.asking.ctrl_c()


def test_ctrl_c_again_aborts_what_is_ours() -> None:
    asked = Asked()
    asked.registers()
    asked.asking.registered()

    asked.asking.ctrl_c()
    asked.asking.ctrl_c()

    assert asked.cancels == [("Ctrl-C", False), ("Ctrl-C", True)]
    assert asked.said == []


@pytest.mark.parametrize("then, abort", [(terminate, []), (None, [("Ctrl-C", True)])])
def test_a_host_asks_once_and_a_person_after_it_aborts(
    then: Callable[[], None] | None, abort: list[tuple[str, bool]]
) -> None:
    asked = Asked()
    asked.registers()
    asked.asking.registered()
    before = signal.getsignal(signal.SIGTERM)

    with asked.asking.by([signal.SIGTERM]):
        terminate()
        (then or asked.asking.ctrl_c)()

    assert asked.cancels == [("SIGTERM", False), *abort]
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("by_host", [True, False])
def test_whoever_asks_when_nobody_waits_any_more_has_the_process_leave(by_host: bool) -> None:
    asked = Asked()
    asked.registers()
    asked.asking.registered()
    left: list[str] = []

    with asked.asking.by([signal.SIGTERM]):
        terminate()
        terminate()
        asked.asking.leaves_by(lambda: left.append("left"))
        assert left == []
        terminate() if by_host else asked.asking.ctrl_c()

    assert left == ["left"]
    assert asked.cancels == [("SIGTERM", False)]


def test_a_process_that_user_code_forks_ends_by_the_signal() -> None:
    done = subprocess.run([sys.executable, "-m", __name__], check=False)

    assert done.returncode == signal.SIGTERM


def _fork_and_end_it() -> int:
    asked = Asked()
    asked.registers()
    asked.asking.registered()
    with asked.asking.by([signal.SIGTERM]):
        child = os.fork()
        if child == 0:
            terminate()
            os._exit(0)
        _, status = os.waitpid(child, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


if __name__ == "__main__":
    sys.exit(_fork_and_end_it())
