"""The objects that the cluster stack applies."""

import pytest

from k8s.charts import cluster_access_chart, controller_namespaces_chart
from settings.versions import CHARTS
from tests.synthesis import SynthesizedStage
from tools.embedded_aws.kubernetes.validation import check_object


@pytest.mark.parametrize("version", ["1.28", None])
def test_every_object_of_the_cluster_is_valid_for_the_designs_version_and_the_stages(
    stage: SynthesizedStage, version: str | None
) -> None:
    for item in [*cluster_access_chart(), *controller_namespaces_chart(CHARTS)]:
        check_object(item, version or stage.settings.cluster.kubernetes_version)


def test_readers_view_nodes_and_usage_in_the_whole_cluster_and_nothing_else() -> None:
    (role,) = [item for item in cluster_access_chart() if item["kind"] == "ClusterRole"]
    resources = {tuple(rule["apiGroups"]): set(rule["resources"]) for rule in role["rules"]}
    assert resources == {("",): {"nodes"}, ("metrics.k8s.io",): {"nodes", "pods"}}
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"get", "list", "watch"}
