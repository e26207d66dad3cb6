"""The cluster's settings: what Kubernetes, EKS or its scheduler would refuse."""

from pathlib import Path
from typing import Any

import pytest

from settings import SettingsError, load_stage, versions
from tests.settings.files import write

BAD_INPUT = {
    "no controllers": (
        {"controllers": {"replicas": 0}},
        "controllers.replicas: found 0; allowed: greater than or equal to 1",
    ),
    "an API that everyone reaches": (
        {"public_access_ranges": ["0.0.0.0/0"]},
        "public_access_ranges.0: found '0.0.0.0/0'; allowed: a range of /8 or smaller",
    ),
    "an API that half of everyone reaches": (
        {"public_access_ranges": ["128.0.0.0/1"]},
        "public_access_ranges.0: found '128.0.0.0/1'; allowed: a range of /8 or smaller",
    ),
    "a private range, which never arrives": (
        {"public_access_ranges": ["10.1.0.0/16"]},
        "public_access_ranges.0: found '10.1.0.0/16'; allowed: a public range: EKS filters what "
        "arrives over the internet",
    ),
    "an address with a range's length": (
        {"public_access_ranges": ["198.51.100.7/24"]},
        "public_access_ranges.0: found '198.51.100.7/24'; allowed: an IPv4 range such as ",
    ),
    "a version of Kubernetes without add-ons": (
        {"kubernetes_version": "1.33"},
        "kubernetes_version: found 1.33; allowed: one of 1.34, 1.35: settings/versions.py has no "
        "add-ons for another",
    ),
    "an add-on version of another Kubernetes": (
        {"add_on_versions": {"kube-proxy": "v1.34.6-eksbuild.18"}},
        "add_on_versions.kube-proxy: found v1.34.6-eksbuild.18; allowed: one of "
        "v1.35.3-eksbuild.18, ",
    ),
    "an add-on that is not installed": (
        {"add_on_versions": {"aws-ebs-csi-driver": "v1.63.1-eksbuild.1"}},
        "add_on_versions.aws-ebs-csi-driver: found v1.63.1-eksbuild.1; allowed: one of the add-ons "
        "vpc-cni, ",
    ),
}


@pytest.mark.parametrize("cluster, expected", BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_bad_input_is_one_message(tmp_path: Path, cluster: dict[str, Any], expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_stage("staging", write(tmp_path, cluster, "cluster"))
    assert str(caught.value).startswith(f"{tmp_path.name}/staging.yaml: cluster.{expected}")
    assert len(str(caught.value).splitlines()) == 1


def test_good_input_is_accepted(tmp_path: Path) -> None:
    cluster = {
        "public_access_ranges": ["198.51.100.0/24", "203.0.113.7/32"],
        "add_on_versions": {"vpc-cni": "v1.22.2-eksbuild.1"},
    }
    settings = load_stage("staging", write(tmp_path, cluster, "cluster"))
    assert isinstance(hash(settings), int)


def test_every_version_of_kubernetes_has_the_same_add_ons() -> None:
    """And an autoscaler of its own, and kubectl at most a minor version away."""
    names = {tuple(add_ons) for add_ons in versions.ADD_ONS.values()}
    assert len(names) == 1
    assert set(versions.CLUSTER_AUTOSCALER) == set(versions.ADD_ONS)
    kubectl = int(versions.KUBECTL_LAYER.partition(".")[2])
    for kubernetes in versions.ADD_ONS:
        minor = int(kubernetes.partition(".")[2])
        assert abs(minor - kubectl) <= 1
        assert versions.cluster_autoscaler_image_tag(kubernetes).startswith(f"v{kubernetes}.")
        for version in versions.ADD_ONS[kubernetes]["kube-proxy"]:
            assert version.startswith(f"v{kubernetes}.")
