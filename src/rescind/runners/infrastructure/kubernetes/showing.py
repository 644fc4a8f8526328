"""What a pod prints, while it prints it, and before that why it does not begin."""

import codecs
import sys
import time
from typing import Final

from rescind.errors import UnavailableError
from rescind.runners.infrastructure.kubernetes.cluster import Cluster, GoneError
from rescind.runners.infrastructure.kubernetes.finding import Meant, find, pods_path
from rescind.runners.infrastructure.kubernetes.manifest import CONTAINER
from rescind.runners.infrastructure.kubernetes.pods import Pod

__all__ = ["show"]

_LOOK_SECONDS: Final = 0.5
# The kubelet says that it has ended after it has sent the last of its output.
_END_SECONDS_MAX: Final = 10.0
# Of what it waits for.
_AS_EVER: Final = ("ContainerCreating", "PodInitializing")


def show(cluster: Cluster, meant: Meant) -> None:
    """Until it has ended. Raises `UnavailableError` if the cluster stops to say it before."""
    pod = _begun(cluster, meant)
    if pod is None:
        return
    path = f"{pods_path(meant.namespace)}/{pod.name}/log"
    # A piece may end within a character.
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    try:
        for said in cluster.lines(meant.what, path, container=CONTAINER, follow="true"):
            sys.stdout.write(decoder.decode(said))
            sys.stdout.flush()
    except GoneError:
        return
    until = time.monotonic() + _END_SECONDS_MAX
    while not ((found := find(cluster, meant)).is_nothing or found.has_ended):
        if time.monotonic() > until:
            raise UnavailableError(f"what {meant.what} prints", "the cluster has stopped to say it")
        time.sleep(_LOOK_SECONDS)
    for pod in found.pods:
        if pod.ended_by:
            sys.stderr.write(f"pod {pod.name} ended: {pod.ended_by}\n")


def _begun(cluster: Cluster, meant: Meant) -> Pod | None:
    """Its pod, once there is something to show; None: there will be nothing."""
    told = ""
    while not (found := find(cluster, meant)).is_nothing:
        for pod in found.pods:
            if pod.has_begun:
                return pod
            if pod.waits_for not in {told, ""} and not pod.waits_for.startswith(_AS_EVER):
                told = pod.waits_for
                sys.stderr.write(f"pod {pod.name} waits: {told}\n")
        if found.has_ended:
            return None
        time.sleep(_LOOK_SECONDS)
    return None
