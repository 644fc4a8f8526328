"""One AWS for a module, which has forgotten what the test before has told it.

Each client reads what AWS can do anew, which takes half a second.
"""

from collections.abc import Iterator
from contextlib import closing

import pytest

from rescind.runners.infrastructure.ecs import EcsInfrastructure
from tests.unit.runners.infrastructure.ecs.aws import REGION, Aws, served
from tests.unit.runners.infrastructure.ecs.words import MADE


@pytest.fixture(scope="module")
def _served() -> Iterator[Aws]:
    with served() as aws, pytest.MonkeyPatch.context() as patched:
        told = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{aws.server_port}",
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        for name, value in told.items():
            patched.setenv(name, value)
        yield aws


@pytest.fixture(scope="module")
def _asking(_served: Aws) -> Iterator[EcsInfrastructure]:
    with closing(EcsInfrastructure(MADE, stop_seconds_max=30)) as made:
        yield made


@pytest.fixture
def aws(_served: Aws) -> Aws:
    _served.forget()
    return _served


@pytest.fixture
def ecs(aws: Aws, _asking: EcsInfrastructure) -> EcsInfrastructure:
    return _asking
