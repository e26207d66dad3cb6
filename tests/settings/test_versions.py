"""The versions of third-party software, and the public sources that show them."""

import datetime as dt

import pytest

from settings.versions import (
    ADD_ONS,
    CHARTS,
    CLOUDWATCH_AGENT_TAG,
    CLUSTER_AUTOSCALER,
    POSTGRESQL_CLIENT_TAG,
    Source,
)

SOURCES: dict[str, Source] = {
    **{f"{chart.name} {chart.version}": chart.source for chart in CHARTS.values()},
    **{
        image.tag: image.source
        for image in (*CLUSTER_AUTOSCALER.values(), POSTGRESQL_CLIENT_TAG, CLOUDWATCH_AGENT_TAG)
    },
    **{
        f"{kubernetes} {name} {version}": source
        for kubernetes, add_ons in ADD_ONS.items()
        for name, versions in add_ons.items()
        for version, source in versions.items()
    },
}


@pytest.mark.parametrize("version", SOURCES)
def test_each_version_names_a_public_source_that_shows_it_and_the_date(version: str) -> None:
    source = SOURCES[version]
    assert "/" in source.name
    assert dt.date(2026, 1, 1) < dt.date.fromisoformat(source.date)


def test_every_chart_names_the_images_of_its_pods() -> None:
    for chart in CHARTS.values():
        assert chart.images and all(":" not in image for image in chart.images)
