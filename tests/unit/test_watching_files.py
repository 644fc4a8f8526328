"""The dashboard and the alerts speak of metrics that there are, and of labels that they have."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

ROOT: Final = Path(__file__).parents[2]
ALERTS: Final = ROOT / "deploy" / "prometheus" / "alerts.yaml"
DASHBOARD: Final = ROOT / "deploy" / "grafana" / "rescind.json"
PAGE: Final = (ROOT / "docs" / "reference" / "metrics.md").read_text()
GUIDE: Final = ROOT / "docs" / "how-to" / "watch-with-prometheus-and-opentelemetry.md"

# What Prometheus shows of a histogram, and the labels that it adds.
OF_HISTOGRAMS: Final = re.compile(r"_(?:bucket|sum|count)$")
OF_PROMETHEUS: Final = {"le", "job", "instance"}

LABELS: Final[dict[str, set[str]]] = {
    name: set(re.findall(r"`(\w+)`", labels))
    for name, labels in re.findall(r"^\| `(rescind_\w+)` \|([^|]*)\|", PAGE, re.MULTILINE)
}


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(ALERTS.read_text())["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def expressions() -> list[str]:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    shown = [target["expr"] for panel in panels for target in panel["targets"]]
    return shown + [rule["expr"] for rule in rules()]


def test_every_metric_of_them_is_one_of_the_reference() -> None:
    named = {name for said in expressions() for name in re.findall(r"rescind_\w+", said)}

    assert {OF_HISTOGRAMS.sub("", name) for name in named} - LABELS.keys() == set()


@pytest.mark.parametrize("said", expressions())
def test_every_label_is_one_of_its_metrics(said: str) -> None:
    metrics = [OF_HISTOGRAMS.sub("", name) for name in re.findall(r"rescind_\w+", said)]
    has = set[str]().union(*(LABELS[name] for name in metrics)) | OF_PROMETHEUS
    grouped = ",".join(re.findall(r"by \(([^)]*)\)", said))
    matched = re.findall(r"[{,]\s*(\w+)\s*=", said)

    assert {*re.findall(r"\w+", grouped), *matched} - has == set()


def test_an_alert_says_what_is_the_matter_and_what_to_do_and_is_in_the_guide() -> None:
    for rule in rules():
        assert rule["annotations"].keys() == {"summary", "remedy"}, rule["alert"]
        assert rule["labels"]["severity"] in {"info", "warning", "critical"}
        assert f"`{rule['alert']}`" in GUIDE.read_text()


def test_panels_do_not_lie_on_one_another() -> None:
    taken = set[tuple[int, int]]()
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool is installed")
def test_prometheus_takes_the_alerts() -> None:
    checked = subprocess.run(
        ["promtool", "check", "rules", str(ALERTS)], capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stderr
