"""INFRASTRUCTURE.md: Data Security, AWS Secrets Manager."""

from tests.synthesis import SynthesizedStage
from tools.templates.text import as_text


def test_the_generated_signing_key_is_long_enough_for_two_secrets(stage: SynthesizedStage) -> None:
    secret = stage.only("security", "AWS::SecretsManager::Secret")
    assert secret["Name"] == f"{stage.settings.resource_name()}/backend/application"
    generated = secret["GenerateSecretString"]
    assert generated["GenerateStringKey"] == "SIGNING_KEY"
    assert generated["PasswordLength"] == 128
    assert secret["KmsKeyId"]


def test_no_template_contains_a_secret(stage: SynthesizedStage) -> None:
    """Secrets Manager generates secrets, and CloudFormation resolves references to them."""
    for template in stage.templates.values():
        for resource in template["Resources"].values():
            properties = resource.get("Properties", {})
            assert "SecretString" not in properties
            for key in ("AuthToken", "MasterUserPassword"):
                if key in properties:
                    assert as_text(properties[key]).startswith("{{resolve:secretsmanager:")
