"""Flows for `rescind run --on`: what runs says its pid by a file, as the host sees it."""

import os
import time
from pathlib import Path

from rescind import flow, task


def _here(folder: str) -> None:
    # In a container the pid is one of its own; the mark of the job is the same anywhere.
    Path(folder, "began").write_text(os.environ["RESCIND_JOB"])


@task
def work(folder: str) -> None:
    _here(folder)
    time.sleep(600)


@task
def hear_nothing(folder: str) -> None:
    _here(folder)
    while True:
        try:
            time.sleep(600)
        except BaseException:  # noqa: BLE001, S112 - whatever it is told.
            continue


@flow
def works(folder: str) -> None:
    work.submit(folder).result()


@flow
def is_deaf(folder: str) -> None:
    hear_nothing.submit(folder).result()
