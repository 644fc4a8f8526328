"""`ListingMethods`: the methods of a client that list and count runs."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from rescind.client.answers import Counts, FlowRun, TaskState
from rescind.client.blocking.carrier import Carrier
from rescind.client.blocking.lists import Listing
from rescind.client.core import operations
from rescind.client.core.core import Core

__all__ = ["ListingMethods"]


class ListingMethods:
    """Of flow runs and of their task runs; it has a carrier and a core for them."""

    _carrier: Carrier
    _core: Core

    def count_flow_runs(
        self,
        *,
        labels: Mapping[str, str] | None = None,
        name: str | None = None,
        namespace: str | None = None,
        parent: str | None = None,
        text: str | None = None,
        registered_from: datetime | None = None,
        registered_before: datetime | None = None,
        stuck: bool = False,
    ) -> Counts:
        """How many flow runs are in which state, of those that `list_flow_runs` has."""
        fits = operations.fitting(
            labels=labels,
            name=name,
            namespace=namespace,
            parent=parent,
            text=text,
            registered_from=registered_from,
            registered_before=registered_before,
            stuck=stuck,
        )
        return self._carrier.do(self._core.count_flow_runs(fits))

    def list_flow_runs(
        self,
        *,
        state: str | Iterable[str] = (),
        labels: Mapping[str, str] | None = None,
        name: str | None = None,
        namespace: str | None = None,
        parent: str | None = None,
        text: str | None = None,
        registered_from: datetime | None = None,
        registered_before: datetime | None = None,
        stuck: bool = False,
        page_size: int = 50,
        cursor: str | None = None,
    ) -> Listing[FlowRun]:
        """Flow runs, the latest registration first: all that fit, in pages of up to 1,000.

        ``state`` is one or several, each with all that lies in it; ``text`` is what the id or the
        name has in it. ``stuck``: of those the ones that should have ended by now, the
        longest stuck first.
        """
        fits = operations.fitting(
            labels=labels,
            name=name,
            namespace=namespace,
            parent=parent,
            text=text,
            registered_from=registered_from,
            registered_before=registered_before,
            stuck=stuck,
        )
        pages = self._core.flow_runs(state, fits, page_size)
        return Listing(self._carrier, pages, cursor)

    def list_task_runs(
        self,
        flow_run_id: str,
        *,
        state: str | Iterable[str] = (),
        text: str | None = None,
        page_size: int = 50,
        cursor: str | None = None,
    ) -> Listing[TaskState]:
        """Its task runs in the order of their registration, the body among them.

        ``text`` is what the id or the name has in it.
        """
        pages = self._core.task_runs(flow_run_id, state, text, page_size)
        return Listing(self._carrier, pages, cursor)
