"""The Helm charts of the controllers: whether their repositories have the versions."""

from typing import TYPE_CHECKING

import yaml

from settings import StageSettings
from settings.versions import CHARTS, Chart
from tools.operations.preflight import http
from tools.operations.preflight.row import Row, missing, ok, unknown

if TYPE_CHECKING:
    from boto3 import Session

_SHOWN_VERSIONS = 5
# The loader in C is ten times as fast, and some indexes have megabytes.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def check_charts(session: "Session", settings: StageSettings) -> list[Row]:
    """Check the version of each chart in the index of its repository."""
    return [_check_chart(chart) for chart in CHARTS.values()]


def _check_chart(chart: Chart) -> Row:
    subject = f"Chart {chart.name}"
    try:
        response = http.get(f"{chart.repository}/index.yaml")
    except http.UnreachableError as error:
        return unknown(subject, str(error))
    if response.status != 200:
        return unknown(subject, f"{chart.repository} returns HTTP status {response.status}")
    index = yaml.load(response.body, Loader=_Loader)  # noqa: S506 - a subclass of SafeLoader
    versions = [str(entry["version"]) for entry in index["entries"].get(chart.name, ())]
    if chart.version in versions:
        return ok(subject, chart.version)
    return missing(
        subject,
        chart.version,
        allowed=", ".join(versions[:_SHOWN_VERSIONS]) or f"a chart of {chart.repository}",
        fix="set CHARTS in settings/versions.py",
    )
