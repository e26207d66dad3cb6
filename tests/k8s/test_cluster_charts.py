"""The objects of the whole cluster: RBAC for readers, and the namespaces of the controllers."""

import pytest

from k8s.charts import cluster_access_chart, controller_namespaces_chart
from settings.versions import CHARTS
from tests.synthesis import SynthesizedStage
from tools.embedded_aws.kubernetes.validation import check_object


@pytest.mark.parametrize("version", ["1.28", None])
def test_every_object_of_the_cluster_is_valid_for_the_design_version_and_the_stages_own(
    stage: SynthesizedStage, version: str | None
) -> None:
    for item in [*cluster_access_chart(), *controller_namespaces_chart(CHARTS)]:
        check_object(item, version or stage.settings.cluster.kubernetes_version)


def test_no_chart_of_the_cluster_grants_access_to_secrets_or_a_wildcard() -> None:
    roles = [item for item in cluster_access_chart() if item["kind"] == "ClusterRole"]
    assert roles
    for rule in (rule for role in roles for rule in role["rules"]):
        assert rule["resources"] == ["nodes"]
        assert "*" not in rule["verbs"] + rule["apiGroups"]
