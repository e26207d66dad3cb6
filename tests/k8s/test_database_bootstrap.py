"""The Job that creates the database's roles. The tests in tests/k8s/database run its SQL."""

import re
import ssl
from typing import Any

import kubernetes_validate
import pytest

from k8s.charts import Manifest, database_bootstrap_chart
from k8s.database_bootstrap import bootstrap_sql, root_certificate
from settings import load_stage, stage_names
from settings.regions import REGIONS
from stacks.data.database_credentials import ADMINISTRATOR, APPLICATION

YEARS_AHEAD = "2061"


def chart(**changes: str) -> Manifest:
    arguments = {"instance": "spywatcher-staging", "region": "us-east-1", "release": "r1"}
    return database_bootstrap_chart(**(arguments | changes))


def job_name(**changes: str) -> str:
    _, job = chart(**changes)
    return str(job["metadata"]["name"])


def pod_spec() -> dict[str, Any]:
    _, job = chart()
    spec: dict[str, Any] = job["spec"]["template"]["spec"]
    return spec


@pytest.mark.parametrize("version", ["1.28", "1.35"])
def test_the_objects_are_valid_for_the_api_server(version: str) -> None:
    for item in chart():
        kubernetes_validate.validate(item, version, strict=True)


def test_the_config_map_precedes_the_job_that_mounts_it() -> None:
    config_map, job = chart()
    assert (config_map["kind"], job["kind"]) == ("ConfigMap", "Job")
    (volume,) = job["spec"]["template"]["spec"]["volumes"]
    assert volume["configMap"]["name"] == config_map["metadata"]["name"]
    assert set(config_map["data"]) == {"bootstrap.sql", "rds-ca.pem"}


def test_another_release_instance_or_sql_gives_the_job_another_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = {job_name(), job_name(release="r2"), job_name(instance="spywatcher-staging-g2")}
    monkeypatch.setattr("k8s.database_bootstrap.bootstrap_sql", lambda: "SELECT 1")
    assert len(names | {job_name()}) == 4
    assert re.fullmatch("spywatcher-database-bootstrap-[0-9a-f]{8}-r1", job_name())


def test_the_name_with_the_longest_release_is_a_dns_label() -> None:
    assert len(job_name(release="r" * 20)) <= 63


def test_the_release_may_be_a_token() -> None:
    assert job_name(release="${Token[TOKEN.1]}").endswith("-${Token[TOKEN.1]}")


def test_the_job_ends_has_retries_and_remains_until_the_next_release() -> None:
    _, job = chart()
    spec = job["spec"]
    assert spec["backoffLimit"] > 0
    assert 0 < spec["activeDeadlineSeconds"] <= 900
    assert "ttlSecondsAfterFinished" not in spec
    assert spec["template"]["spec"]["restartPolicy"] == "Never"


def test_passwords_come_from_secrets_and_are_in_no_command() -> None:
    (container,) = pod_spec()["containers"]
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


def test_the_pod_is_unprivileged() -> None:
    spec = pod_spec()
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


def test_psql_has_the_major_version_of_the_database() -> None:
    (container,) = pod_spec()["containers"]
    image, tag = container["image"].rsplit(":", 1)
    assert re.fullmatch(r"\d+\.\d+-alpine", tag), image
    for stage in stage_names():
        major = load_stage(stage).database.engine_version.partition(".")[0]
        assert tag.startswith(f"{major}.")


def test_psql_verifies_the_certificate_and_the_name_of_the_server() -> None:
    (container,) = pod_spec()["containers"]
    values = {item["name"]: item.get("value") for item in container["env"]}
    assert values["PGSSLMODE"] == "verify-full"
    assert values["PGSSLROOTCERT"] == "/bootstrap/rds-ca.pem"


@pytest.mark.parametrize("region", REGIONS)
def test_every_region_of_the_settings_has_a_root_certificate_valid_for_decades(region: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=root_certificate(region))
    (certificate,) = context.get_ca_certs()
    assert f"'Amazon RDS {region} Root CA RSA2048 G1'" in str(certificate["subject"])
    assert certificate["subject"] == certificate["issuer"]
    assert str(certificate["notAfter"]).split()[3] >= YEARS_AHEAD


def test_the_sql_contains_no_role_names_of_its_own() -> None:
    """The SQL derives each name from the application's user, and the rotation adds a suffix."""
    assert (ADMINISTRATOR, APPLICATION) == ("spywatcher_admin", "spywatcher")
    assert "spywatcher_" not in bootstrap_sql()
