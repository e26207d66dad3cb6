"""External Secrets Operator: the secrets that it can read."""

from tests.stacks.cluster.resources import helm_values, policy_statements
from tests.synthesis import ACCOUNT, SynthesizedStage
from tools.templates.text import as_text


def test_the_operator_reads_the_secrets_of_the_stage_only(stage: SynthesizedStage) -> None:
    """Secrets Manager adds a hyphen and six characters to each name."""
    read, decrypt = policy_statements(stage, "ControllersExternalSecretsRole")
    assert read["Action"] == ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
    names = {
        secret["Properties"]["Name"]
        for stack in ("security", "data")
        for secret in stage.resources(stack, "AWS::SecretsManager::Secret").values()
    }
    prefix = f"arn:aws:secretsmanager:{stage.settings.region}:{ACCOUNT}:secret"
    assert {as_text(arn) for arn in read["Resource"]} == {
        f"{prefix}:{name}-??????" for name in names
    }
    assert all(name.startswith(f"{stage.settings.resource_name()}/") for name in names)
    assert decrypt["Action"] == "kms:Decrypt"
    assert "KeysSecrets" in as_text(decrypt["Resource"])
    service = f"secretsmanager.{stage.settings.region}.amazonaws.com"
    assert decrypt["Condition"] == {"StringEquals": {"kms:ViaService": service}}


def test_no_custom_resource_serves_the_whole_cluster(stage: SynthesizedStage) -> None:
    values = helm_values(stage, "external-secrets")
    for kind in ("ExternalSecret", "Store", "PushSecret"):
        assert values[f"processCluster{kind}"] is False
    assert set(values["crds"].values()) == {False}
