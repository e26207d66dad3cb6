"""The Job that makes the database's roles; tests/database runs what it runs."""

import re
import ssl
from typing import Any

import kubernetes_validate
import pytest

from k8s.charts import Manifest, database_bootstrap_chart
from k8s.database_bootstrap import bootstrap_sql, root_certificate
from settings import SettingsError, load_stage, stage_names
from stacks.data.database_credentials import ADMINISTRATOR, APPLICATION

YEARS_AHEAD = "2061"


def chart(**changes: str) -> Manifest:
    given = {"instance": "spywatcher-staging", "region": "us-east-1", "release": "r1"}
    return database_bootstrap_chart(**(given | changes))


def pod(**changes: str) -> dict[str, Any]:
    spec: dict[str, Any] = chart(**changes)[1]["spec"]["template"]["spec"]
    return spec


@pytest.mark.parametrize("version", ["1.28", "1.35"])
def test_its_objects_are_valid_for_the_api_server(version: str) -> None:
    for item in chart():
        kubernetes_validate.validate(item, version, strict=True)


def test_the_config_map_comes_before_the_job_that_mounts_it() -> None:
    config, job = chart()
    assert (config["kind"], job["kind"]) == ("ConfigMap", "Job")
    (volume,) = job["spec"]["template"]["spec"]["volumes"]
    assert volume["configMap"]["name"] == config["metadata"]["name"]
    assert set(config["data"]) == {"bootstrap.sql", "rds-ca.pem"}


def test_a_new_release_another_instance_and_other_sql_are_another_job(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def name(**changes: str) -> str:
        return str(chart(**changes)[1]["metadata"]["name"])

    names = {name(), name(release="r2"), name(instance="spywatcher-staging-g2")}
    monkeypatch.setattr("k8s.database_bootstrap.bootstrap_sql", lambda: "SELECT 1")
    assert len(names | {name()}) == 4
    assert name().startswith("spywatcher-database-bootstrap-") and name().endswith("-r1")


def test_the_longest_release_still_makes_a_name() -> None:
    assert len(chart(release="r" * 20)[1]["metadata"]["name"]) <= 63


def test_a_placeholder_for_the_release_passes_through() -> None:
    assert chart(release="${Token[TOKEN.1]}")[1]["metadata"]["name"].endswith("-${Token[TOKEN.1]}")


def test_a_deployment_can_wait_for_it() -> None:
    """It ends by itself, is tried again, and stays until the next release replaces it."""
    spec = chart()[1]["spec"]
    assert spec["backoffLimit"] > 0
    assert 0 < spec["activeDeadlineSeconds"] <= 900
    assert "ttlSecondsAfterFinished" not in spec
    assert spec["template"]["spec"]["restartPolicy"] == "Never"


def test_passwords_come_from_secrets_and_stand_in_no_command() -> None:
    (container,) = pod()["containers"]
    names = {
        item["name"]: item["valueFrom"]["secretKeyRef"]
        for item in container["env"]
        if "valueFrom" in item
    }
    assert names["PGPASSWORD"] == {"name": "spywatcher-database-admin", "key": "password"}
    assert names["APPLICATION_PASSWORD"] == {
        "name": "spywatcher-database-application",
        "key": "password",
    }
    assert "PASSWORD" not in " ".join(container["command"])


def test_it_runs_as_nobody_in_particular() -> None:
    spec = pod()
    (container,) = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert set(container["resources"]) == {"requests", "limits"}


def test_its_psql_is_of_the_databases_major_version() -> None:
    (container,) = pod()["containers"]
    image, tag = container["image"].rsplit(":", 1)
    assert re.fullmatch(r"\d+\.\d+-alpine", tag), image
    for stage in stage_names():
        major = load_stage(stage).database.engine_version.partition(".")[0]
        assert tag.startswith(f"{major}.")


def test_it_verifies_the_servers_certificate_and_name() -> None:
    (container,) = pod()["containers"]
    values = {item["name"]: item.get("value") for item in container["env"]}
    assert values["PGSSLMODE"] == "verify-full"
    assert values["PGSSLROOTCERT"] == "/bootstrap/rds-ca.pem"


@pytest.mark.parametrize("region", ["us-east-1", "us-west-2", "eu-central-1"])
def test_the_root_certificate_is_of_its_region_and_valid_for_decades(region: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=root_certificate(region))
    (certificate,) = context.get_ca_certs()
    assert f"'Amazon RDS {region} Root CA RSA2048 G1'" in str(certificate["subject"])
    assert certificate["subject"] == certificate["issuer"]
    assert str(certificate["notAfter"]).split()[3] >= YEARS_AHEAD


def test_every_stage_has_a_certificate_of_its_region() -> None:
    for stage in stage_names():
        assert root_certificate(load_stage(stage).region)


def test_a_region_without_a_certificate_is_one_message() -> None:
    with pytest.raises(SettingsError, match=r"^region: found mars-north-1; allowed: one with "):
        root_certificate("mars-north-1")


def test_the_roles_are_those_of_the_secrets() -> None:
    """The SQL derives every name from the application's, and the rotation adds its ending."""
    assert (ADMINISTRATOR, APPLICATION) == ("spywatcher_admin", "spywatcher")
    assert "spywatcher_" not in bootstrap_sql()
