"""The file that says how jobs are started: what it may say, and in what words it is refused."""

from pathlib import Path

import pytest

from rescind.errors import DeploymentError
from rescind.runners.infrastructure.deployment import read_deployment

ECS = '[ecs]\ncluster = "c"\ntask_definition = "t"\ncontainer = "r"\n'


def written(folder: Path, text: str) -> Path:
    file = folder / "deployment.toml"
    file.write_text(text)
    return file


def test_it_says_how_containers_are_made(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        '[docker]\nimage = "flows:3"\nnetwork = "host"\n'
        'mounts = ["flows:/flows:ro", "/data:/data"]\n'
        'environment = { TZ = "UTC" }\n[process]\nenvironment = { A = "1" }\n',
    )

    read = read_deployment(file)

    assert read.process.environment == {"A": "1"}
    assert read.docker is not None
    assert (read.docker.image, read.docker.network) == ("flows:3", "host")
    # What is relative lies beside the file.
    assert read.docker.mounts == [f"{tmp_path}/flows:/flows:ro", "/data:/data"]
    assert read.docker.command == ["rescind"]


def test_it_says_how_tasks_of_ecs_are_made(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        '[ecs]\ncluster = "flows"\ntask_definition = "flows:3"\ncontainer = "runner"\n'
        'subnets = ["subnet-1"]\nregion = "eu-central-1"\n',
    )

    read = read_deployment(file).ecs

    assert read is not None
    assert (read.cluster, read.task_definition, read.region) == ("flows", "flows:3", "eu-central-1")
    assert (read.command, read.secrets_in_overrides, read.assign_public_ip) == (
        ["rescind"],
        False,
        False,
    )


def test_it_says_how_jobs_are_made(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        '[kubernetes]\nimage = "flows:3"\nmounts = ["/flows:/flows:ro"]\n'
        '[kubernetes.pod]\nnodeSelector = { disk = "ssd" }\n',
    )

    read = read_deployment(file)

    assert read.docker is None
    assert read.kubernetes is not None
    assert (read.kubernetes.image, read.kubernetes.namespace) == ("flows:3", None)
    assert read.kubernetes.pod == {"nodeSelector": {"disk": "ssd"}}
    assert read.kubernetes.grace_seconds == 30


@pytest.mark.parametrize(
    "text,why",
    [
        ("[docker", "it is no TOML"),
        ('[podman]\nimage = "x"', "no key is called 'podman'"),
        ('[docker]\nimage = "x"\nimages = "y"', "no key is called 'docker.images'"),
        ('[docker]\nnetwork = "host"', "the key 'docker.image' is missing"),
        ("[docker]\nimage = 3", "docker.image must be a valid string, and is 3"),
        ('[docker]\nimage = "x"\nmounts = ["a"]', "docker.mounts.0 is 'a'; write HOST:CONTAINER"),
        ('[docker]\nimage = "x"\ncommand = []', "docker.command"),
        (ECS, "the key 'ecs.subnets' is missing"),
        (f"{ECS}subnets = []", "ecs.subnets must"),
        (f'{ECS}subnets = ["s"]\nmounts = []', "no key is called 'ecs.mounts'"),
        ('[ecs]\ncluster = "arn:aws:ecs:x"', "ecs.cluster is 'arn:aws:ecs:x'; write the name"),
        (
            '[kubernetes]\nimage = "x"\nmounts = ["a:/b"]',
            "mounts.0 is 'a:/b'; write NODE:POD or NODE:POD:ro, with both paths absolute",
        ),
        ('[kubernetes]\nimage = "x"\ngrace_seconds = 0', "kubernetes.grace_seconds"),
    ],
)
def test_what_it_does_not_know_it_refuses_in_one_line(tmp_path: Path, text: str, why: str) -> None:
    file = written(tmp_path, text)

    with pytest.raises(DeploymentError) as raised:
        read_deployment(file)

    assert why in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(DeploymentError, match="No such file"):
        read_deployment(tmp_path / "none.toml")
