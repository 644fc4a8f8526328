"""Texts that are checked in because a change of theirs is to be seen in review.

`matches` compares; with ``RENEW_GOLDEN=1`` in the environment it writes instead, and says so.
"""

import difflib
import os
from pathlib import Path

import pytest

__all__ = ["matches"]

ROOT = Path(__file__).parents[1]


def matches(path: Path, text: str) -> None:
    """Whether the file says exactly this; a failure shows what differs and how to renew it."""
    if os.environ.get("RENEW_GOLDEN") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        pytest.skip(f"renewed {path.relative_to(ROOT)}")
    kept = path.read_text(encoding="utf-8") if path.exists() else ""
    if kept == text:
        return
    name = path.relative_to(ROOT)
    lines = difflib.unified_diff(
        kept.splitlines(), text.splitlines(), f"{name} (checked in)", f"{name} (now)", lineterm=""
    )
    test = os.environ.get("PYTEST_CURRENT_TEST", "tests").split(" ")[0]
    pytest.fail(
        "\n".join([*lines, f"If this is meant: RENEW_GOLDEN=1 .venv/bin/python -m pytest {test}"]),
        pytrace=False,
    )
