"""One broker for a run in several processes (pytest-xdist): the first that asks has it started.

The process that hands the tests out owns it, so it outlives whichever process is done first.
"""

import json
import threading
from multiprocessing.connection import Client, Listener
from typing import Any, Final

import pytest

from tests.broker import ServedBroker, serve

__all__ = ["lend_to", "lent", "served_here"]

_served = pytest.StashKey[ServedBroker]()
_lender = pytest.StashKey["_Lender"]()
_ADDRESS: Final = "broker_is_lent_at"


def lend_to(node: Any) -> None:
    """Let a process that will run tests ask for the broker. Call it before that one starts."""
    stash = node.config.stash
    if _lender not in stash:
        stash[_lender] = _Lender(node.config)
    node.workerinput[_ADDRESS] = stash[_lender].address


def lent(config: pytest.Config) -> ServedBroker:
    """The broker: of whoever handed the tests out, or started here and ended with the session.

    Raises:
        RuntimeError: there can be none, and why.

    """
    address = getattr(config, "workerinput", {}).get(_ADDRESS)
    if address is None:
        return _serve(config)
    with Client(address) as asking:
        answer = json.loads(asking.recv_bytes())
    if "refused" in answer:
        raise RuntimeError(answer["refused"])
    return ServedBroker(**answer, stop=lambda: None)


def served_here(config: pytest.Config) -> ServedBroker | None:
    """The broker that this process has started, if it has."""
    return config.stash.get(_served, None)


def _serve(config: pytest.Config) -> ServedBroker:
    if _served not in config.stash:
        config.stash[_served] = served = serve()
        config.add_cleanup(served.stop)
    return config.stash[_served]


class _Lender:
    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._listener = Listener(family="AF_UNIX", backlog=64)
        self.address = self._listener.address
        threading.Thread(target=self._answer, name="lender", daemon=True).start()

    def _answer(self) -> None:
        while True:
            with self._listener.accept() as asking:
                asking.send_bytes(json.dumps(self._lend()).encode())

    def _lend(self) -> dict[str, str]:
        try:
            served = _serve(self._config)
        except Exception as error:  # noqa: BLE001 - told to whoever asked, whatever it is
            return {"refused": f"{type(error).__name__}: {error}"}
        return {"bootstrap": served.bootstrap, "rung": served.rung, "why": served.why}
