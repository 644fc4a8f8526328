"""The Docker engine at ``DOCKER_HOST``, and containers with this host's programs and checkout."""

import os
from functools import cache
from typing import Final

import pytest
from docker import DockerClient

from rescind.runners.infrastructure.deployment import DockerDeployment
from rescind.runners.infrastructure.docker import FLOW_RUN_LABEL, DockerInfrastructure
from rescind.runners.infrastructure.hostimage import IMAGE, host_mounts, make_host_image
from tests.package.checkout import ROOT

__all__ = ["IMAGE", "MOUNTS", "containers_of", "deployment", "required_engine"]

MOUNTS: Final = host_mounts(ROOT)


def required_engine() -> None:
    """Skip the test where no engine is named. One that is, and does not answer, fails it.

    Makes the image where it is not.
    """
    if not os.environ.get("DOCKER_HOST"):
        pytest.skip("no Docker engine: DOCKER_HOST is not set")
    _ready()


@cache
def _ready() -> None:
    DockerInfrastructure().close()
    make_host_image()


def deployment(*command: str, network: str = "none") -> DockerDeployment:
    """Containers in which this host's programs run."""
    return DockerDeployment(image=IMAGE, command=list(command), network=network, mounts=MOUNTS)


def containers_of(flow_run_id: str) -> list[str]:
    """The names of those that were made for a flow run, whatever has become of them."""
    client = DockerClient.from_env()
    try:
        label = f"{FLOW_RUN_LABEL}={flow_run_id}"
        found = client.containers.list(all=True, filters={"label": label}, ignore_removed=True)
        return [str(each.name) for each in found]
    finally:
        client.close()
