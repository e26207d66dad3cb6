"""INFRASTRUCTURE.md, Access Control: the service accounts of the pods."""

from tests.k8s.objects import objects_of_kind, pod_templates
from tests.synthesis import SynthesizedStage


def test_no_pod_mounts_a_token_of_the_kubernetes_api(stage: SynthesizedStage) -> None:
    accounts = objects_of_kind(stage, "ServiceAccount")
    assert len(accounts) == 4
    for holder in [*accounts, *(template["spec"] for template in pod_templates(stage))]:
        assert holder["automountServiceAccountToken"] is False


def test_no_two_components_share_a_service_account(stage: SynthesizedStage) -> None:
    names = [template["spec"]["serviceAccountName"] for template in pod_templates(stage)]
    assert len(set(names)) == len(names) == 4
