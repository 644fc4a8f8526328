"""The small parts of supervision: messages, tails, and which process is meant."""

import os
import socket
import subprocess
import sys

import pytest

from rescind.runners.executors.processtree.identity import (
    Identity,
    Process,
    carriers,
    descendants,
    is_running,
    read_process,
)
from rescind.runners.executors.processtree.kill import send_signal
from rescind.runners.executors.supervision.frames import (
    Frame,
    decode_frame,
    encode_frame,
    receive_frame,
    send_frame,
)
from rescind.runners.executors.supervision.tail import Tail


def test_a_frame_arrives_as_it_was_sent() -> None:
    frame = Frame({"order": 1, "name": "Zürich", "bad": "\udc80"}, b"\x00body")
    mine, theirs = socket.socketpair()

    with mine, theirs:
        send_frame(mine, frame)
        assert receive_frame(theirs) == frame


def test_half_a_frame_is_none() -> None:
    data = encode_frame(Frame({"order": 1}, b"body"))

    assert [decode_frame(data[:size]) for size in range(len(data))] == [None] * len(data)
    assert decode_frame(data) == Frame({"order": 1}, b"body")


def test_a_peer_that_leaves_in_the_middle_of_a_frame_is_gone() -> None:
    data = encode_frame(Frame({"order": 1}, b"body"))
    mine, theirs = socket.socketpair()

    with theirs:
        mine.sendall(data[:-1])
        mine.close()
        assert receive_frame(theirs) is None


@pytest.mark.parametrize(
    "bytes_max, chunks, kept, is_cut",
    [
        (4, [b"abc"], b"abc", False),
        (4, [b"abcd"], b"abcd", False),
        (4, [b"abc", b"def", b"gh"], b"efgh", True),
        (4, [b"abcdefgh", b""], b"efgh", True),
        (0, [b"abc"], b"", True),
        (4, [b""], b"", False),
    ],
)
def test_a_tail_keeps_the_end_and_knows_whether_that_is_all(
    bytes_max: int, chunks: list[bytes], kept: bytes, is_cut: bool
) -> None:
    tail = Tail(bytes_max)
    for chunk in chunks:
        tail.add(chunk)

    assert (tail.kept(), tail.is_cut) == (kept, is_cut)


def test_a_pid_that_is_used_again_is_somebody_else() -> None:
    me = read_process(os.getpid())
    assert me is not None
    earlier = Identity(me.pid, me.identity.start_ticks - 1)

    assert is_running(me.identity)
    assert not is_running(earlier)
    assert not send_signal(Process(earlier, "somebody", 1, is_dead=False), 0)


def test_a_zombie_is_dead() -> None:
    with subprocess.Popen(["true"]) as child:
        assert child.stdin is None
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

        zombie = read_process(child.pid)
        assert zombie is not None
        assert zombie.is_dead
        assert not is_running(zombie.identity)
        assert zombie not in descendants(os.getpid())


def test_a_name_with_brackets_and_blanks_is_read_right() -> None:
    rename = "import ctypes, sys; ctypes.CDLL(None).prctl(15, b') R 1 ('); "
    line = rename + "print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", line], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        process = read_process(child.pid)
        child.communicate()

    assert process is not None
    assert (process.name, process.parent_pid, process.is_dead) == (") R 1 (", os.getpid(), False)


def test_parents_come_before_their_children() -> None:
    def process(pid: int, parent_pid: int) -> Process:
        return Process(Identity(pid, 1), "p", parent_pid, is_dead=False)

    table = {
        each.pid: each for each in (process(4, 3), process(3, 2), process(2, 1), process(9, 8))
    }

    assert [each.pid for each in descendants(1, table)] == [2, 3, 4]


def test_processes_are_found_by_what_they_were_born_with() -> None:
    environ = os.environ | {"RESCIND_TEST_CARRIER": "abc"}
    with subprocess.Popen(["cat"], env=environ, stdin=subprocess.PIPE) as child:
        assert [each.pid for each in carriers("RESCIND_TEST_CARRIER", "abc")] == [child.pid]
        assert carriers("RESCIND_TEST_CARRIER", "ab") == []
        child.communicate()
