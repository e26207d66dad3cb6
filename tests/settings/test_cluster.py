"""The settings of the cluster."""

from pathlib import Path
from typing import Any

import pytest

from settings import load_stage, versions
from tests.settings.files import check_refused, write_stage_file

INVALID: dict[str, tuple[dict[str, Any], str]] = {
    "no replica of the controllers": (
        {"controllers": {"replicas": 0}},
        "controllers.replicas: found 0; allowed: greater than or equal to 1",
    ),
    "access to the API from the whole internet": (
        {"public_access_ranges": ["0.0.0.0/0"]},
        "public_access_ranges.0: found '0.0.0.0/0'; allowed: a range of /8 or smaller",
    ),
    "access to the API from half of the internet": (
        {"public_access_ranges": ["128.0.0.0/1"]},
        "public_access_ranges.0: found '128.0.0.0/1'; allowed: a range of /8 or smaller",
    ),
    "access from a private range, which EKS never sees": (
        {"public_access_ranges": ["10.1.0.0/16"]},
        "public_access_ranges.0: found '10.1.0.0/16'; allowed: a public range: EKS filters what "
        "arrives over the internet",
    ),
    "access from an address with host bits": (
        {"public_access_ranges": ["198.51.100.7/24"]},
        "public_access_ranges.0: found '198.51.100.7/24'; allowed: an IPv4 range such as ",
    ),
    "access from the same range twice": (
        {"public_access_ranges": ["198.51.100.0/24", "198.51.100.0/24"]},
        "public_access_ranges: found ['198.51.100.0/24', '198.51.100.0/24']; allowed: each entry "
        "once",
    ),
    "a version of Kubernetes without add-ons": (
        {"kubernetes_version": "1.33"},
        "kubernetes_version: found 1.33; allowed: one of 1.34, 1.35: settings/versions.py has no "
        "add-ons for another",
    ),
    "a version of an add-on for another Kubernetes": (
        {"add_on_versions": {"kube-proxy": "v1.34.6-eksbuild.18"}},
        "add_on_versions.kube-proxy: found v1.34.6-eksbuild.18; allowed: one of "
        "v1.35.3-eksbuild.18, ",
    ),
    "a version of an add-on that is not installed": (
        {"add_on_versions": {"aws-ebs-csi-driver": "v1.63.1-eksbuild.1"}},
        "add_on_versions.aws-ebs-csi-driver: found v1.63.1-eksbuild.1; allowed: one of the add-ons "
        "vpc-cni, ",
    ),
}


@pytest.mark.parametrize("changes, expected", INVALID.values(), ids=INVALID)
def test_an_invalid_setting_is_refused_with_one_message(
    tmp_path: Path, changes: dict[str, Any], expected: str
) -> None:
    check_refused(tmp_path, changes, expected, section="cluster")


def test_public_ranges_and_versions_of_add_ons_are_accepted(tmp_path: Path) -> None:
    changes = {
        "public_access_ranges": ["198.51.100.0/24", "203.0.113.7/32"],
        "add_on_versions": {"kube-proxy": "v1.35.3-eksbuild.13"},
    }
    settings = load_stage("staging", write_stage_file(tmp_path, changes, section="cluster"))
    assert settings.cluster.add_on_versions == {"kube-proxy": "v1.35.3-eksbuild.13"}
    assert isinstance(hash(settings), int), "tests cache a stage by its settings"


def test_every_version_of_kubernetes_has_the_same_add_ons() -> None:
    names = {tuple(add_ons) for add_ons in versions.ADD_ONS.values()}
    assert len(names) == 1


def test_every_version_of_kubernetes_has_its_own_cluster_autoscaler_and_kube_proxy() -> None:
    assert set(versions.CLUSTER_AUTOSCALER) == set(versions.ADD_ONS)
    for kubernetes, add_ons in versions.ADD_ONS.items():
        tag = versions.cluster_autoscaler_image_tag(kubernetes)
        assert all(
            version.startswith(f"v{kubernetes}.") for version in [tag, *add_ons["kube-proxy"]]
        )


def test_kubectl_is_at_most_one_minor_version_away_from_the_cluster() -> None:
    kubectl, *clusters = (
        int(version.partition(".")[2]) for version in [versions.KUBECTL_LAYER, *versions.ADD_ONS]
    )
    assert all(abs(cluster - kubectl) <= 1 for cluster in clusters)
