"""INFRASTRUCTURE.md, Security: fine-grained IAM roles, here those of pods."""

import json

from tests.stacks.cluster.resources import as_list
from tests.synthesis import SynthesizedStage


def test_the_role_of_a_pod_is_for_one_service_account_of_this_cluster(
    stage: SynthesizedStage,
) -> None:
    roles = stage.resources("cluster", "AWS::IAM::Role").values()
    trust_policies = [
        role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        for role in roles
        if "pods.eks.amazonaws.com" in json.dumps(role)
    ]
    service_accounts = set()
    for statements in trust_policies:
        actions = {action for item in statements for action in as_list(item["Action"])}
        assert actions == {"sts:AssumeRole", "sts:TagSession"}
        for statement in statements:
            tags = statement["Condition"]["StringEquals"]
            assert tags["aws:RequestTag/eks-cluster-name"] == stage.settings.resource_name()
            service_accounts.add(
                (
                    tags["aws:RequestTag/kubernetes-namespace"],
                    tags["aws:RequestTag/kubernetes-service-account"],
                )
            )
    assert len(service_accounts) == len(trust_policies) == 6
