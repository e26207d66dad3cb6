"""KEDA: its permissions."""

import json

from tests.stacks.cluster.resources import policy_statements
from tests.synthesis import SynthesizedStage


def test_keda_has_the_shared_read_policy_and_no_other(stage: SynthesizedStage) -> None:
    assert policy_statements(stage, "ControllersKedaRole") == []
    policies = stage.resources("cluster", "AWS::IAM::ManagedPolicy")
    (reads,) = [p for name, p in policies.items() if name.startswith("ControllersReads")]
    assert "cloudwatch:GetMetricData" in json.dumps(reads)
