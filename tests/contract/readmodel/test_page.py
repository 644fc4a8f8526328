"""The reference page names every table and every column, and no other."""

import re
from pathlib import Path
from typing import Final

from rescind.server.readmodel.storage.tables import metadata

PAGE: Final = Path(__file__).parents[3] / "docs/reference/read-model.md"


def test_the_page_has_the_tables_and_columns_that_there_are() -> None:
    _, _, tables = PAGE.read_text(encoding="utf-8").partition("## Tables")
    named: dict[str, set[str]] = {}
    columns = set[str]()
    for line in tables.splitlines():
        words = re.findall(r"`(\w+)`", line.split("|")[1]) if line.startswith("|") else []
        if len(words) == 1 and words[0] in metadata.tables:
            columns = named[words[0]] = set()
        else:
            columns |= set(words)

    assert named == {
        name: {column.name for column in table.columns} for name, table in metadata.tables.items()
    }
