"""Statements that change rows by their keys, and the values that they take."""

from typing import Any

from sqlalchemy import Table, Update, bindparam, update

__all__ = ["change", "values"]


def change(table: Table, keys: tuple[str, ...], changing: tuple[str, ...]) -> Update:
    """Set only what may change: an index over other columns is then not touched."""
    these = [table.c[key] == bindparam(f"of_{key}") for key in keys]
    return update(table).where(*these).values({name: bindparam(name) for name in changing})


def values(row: dict[str, Any], keys: tuple[str, ...], changing: tuple[str, ...]) -> dict[str, Any]:
    """What such a statement takes of a row."""
    taken = {name: row[name] for name in changing}
    for key in keys:
        taken[f"of_{key}"] = row[key]
    return taken
