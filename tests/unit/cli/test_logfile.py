"""The log of a service, as `rescind up` keeps and shows it."""

from pathlib import Path

from rescind.cli.up.logfile import last_lines, prepared


def test_the_last_lines_say_what_happened_and_why(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    log.write_text(
        '{"event": "partition taken over", "level": "info"}\n'
        '{"event": "the worker leaves", "level": "error", "error": "no topics"}\n'
        '{"event": "it broke", "level": "error", "exception": "Traceback\\n  x\\nKeyError: 1"}\n'
        "not \x1b[31mJSON\n\n"
    )

    assert last_lines(log, 3) == [
        "error: the worker leaves (no topics)",
        "error: it broke (KeyError: 1)",
        "not ·[31mJSON",
    ]


def test_a_large_log_is_put_aside_and_one_is_kept(tmp_path: Path) -> None:
    log = tmp_path / "logs/worker.log"
    prepared(log).write_bytes(b"x" * ((10 << 20) + 1))

    assert not prepared(log).exists()
    assert (tmp_path / "logs/worker.log.1").stat().st_size > 10 << 20


def test_where_there_is_no_log_there_are_no_lines(tmp_path: Path) -> None:
    assert last_lines(tmp_path / "none.log", 5) == []
