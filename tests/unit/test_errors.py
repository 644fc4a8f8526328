"""The errors as whoever catches them sees them."""

import inspect
import re
import socket

import pytest

import rescind.errors
from rescind.errors import BrokerUnavailableError, RescindError

DRAWN = re.compile(r"^([ │├└─]*)(\w+Error)\b")

ERRORS = {
    name: kind
    for name, kind in inspect.getmembers(rescind.errors, inspect.isclass)
    if issubclass(kind, RescindError)
}


def drawn() -> dict[str, str]:
    """Each error of the tree in the docstring, with the one that it hangs below."""
    parents: dict[str, str] = {}
    way: list[str] = []
    for line in (rescind.errors.__doc__ or "").splitlines():
        if match := DRAWN.match(line):
            branch, name = match.groups()
            del way[len(branch) // 4 - 1 :]
            parents[name] = way[-1] if way else "Exception"
            way.append(name)
    return parents


def test_the_tree_that_is_drawn_is_the_tree_of_the_classes() -> None:
    assert drawn() == {name: kind.__bases__[0].__name__ for name, kind in ERRORS.items()}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_named_by_where_it_is_imported_from(name: str) -> None:
    assert name in rescind.errors.__all__
    assert f"{ERRORS[name].__module__}.{name}" == f"rescind.errors.{name}"


def test_what_the_client_says_of_its_hosts_is_not_shown_as_objects() -> None:
    hosts = [("127.0.0.1", 9092, socket.AF_INET)]
    why = f"KafkaConnectionError: Unable to bootstrap from {hosts}"

    said = str(BrokerUnavailableError("127.0.0.1:9092", why))

    assert "(KafkaConnectionError: Unable to bootstrap)" in said
