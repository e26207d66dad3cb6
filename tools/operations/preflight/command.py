"""Runs the checks of a stage, and prints the table."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from settings import StageSettings, load_stage, resolve_accounts, stage_names
from settings.accounts import check_placeholders
from tools.operations.errors import OperationError
from tools.operations.preflight import (
    account_services,
    charts,
    domain,
    images,
    quotas,
    secret,
    service_linked_roles,
    stacks,
    versions,
    zones,
)
from tools.operations.preflight.api_calls import ApiCallRecorder
from tools.operations.preflight.row import Check, Row, Status, format_table, unknown

if TYPE_CHECKING:
    from boto3 import Session

CHECKS: Mapping[str, Check] = {
    "CDK bootstrap": stacks.check_bootstrap,
    "Account": account_services.check_shared_account,
    "Service-linked roles": service_linked_roles.check_service_linked_roles,
    "Account stack": account_services.check_account_stack,
    "GitHub's OIDC provider": account_services.check_oidc_provider,
    "Access Analyzer": account_services.check_access_analyzer,
    "GuardDuty detector": account_services.check_guardduty,
    "Config recorder": account_services.check_config_recorder,
    "Anomaly monitor": account_services.check_anomaly_monitor,
    "Deletion protection": stacks.check_deletion_protection,
    "Lambda executions": quotas.check_lambda_executions,
    "EC2 vCPUs": quotas.check_vcpus,
    "Elastic IPs": quotas.check_elastic_ips,
    "VPCs": quotas.check_vpcs,
    "Availability Zones": zones.check_zones,
    "EC2 instance type": zones.check_node_type,
    "RDS instance class": zones.check_database_class,
    "ElastiCache node type": versions.check_cache_node_type,
    "Kubernetes": versions.check_kubernetes_version,
    "Add-ons": versions.check_add_on_versions,
    "PostgreSQL": versions.check_postgresql_version,
    "Redis": versions.check_redis_version,
    "Hosted zone": domain.check_hosted_zone,
    "Delegation": domain.check_delegation,
    "DNS records": domain.check_records,
    "Certificate": domain.check_certificate,
    "Application secret": secret.check_application_secret,
    "Released images": stacks.check_released_images,
    "Traffic": stacks.check_traffic,
    "Images": images.check_images,
    "Charts": charts.check_charts,
}
"""The checks, by the subject that their row has if they cannot be made."""

_DENIED_CODES = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")


def preflight(session: "Session", settings: StageSettings) -> int:
    """Print the table of a stage; return 1 if something is missing, and otherwise 0.

    Raises:
        OperationError: the credentials are for another account than the stage.
        SettingsError: the settings of the stages do not fit the account of the credentials, or
            the stage still has placeholders.
    """
    _check_account(session, settings)
    rows = run_checks(session, settings)
    print(format_table(rows))
    counts = {status: sum(row.status == status for row in rows) for status in Status}
    print(
        f"\n{settings.stage}: {counts[Status.MISSING]} missing, {counts[Status.UNKNOWN]} unknown, "
        f"{counts[Status.OK]} ok."
    )
    return 1 if counts[Status.MISSING] else 0


def run_checks(session: "Session", settings: StageSettings) -> list[Row]:
    """Return the rows of all checks, also of those that AWS denies."""
    recorder = ApiCallRecorder(session)
    rows: list[Row] = []
    for subject, check in CHECKS.items():
        try:
            rows += check(session, settings)
        except ClientError as error:
            rows.append(_refused(subject, error, recorder.calls[-1].action))
        except BotoCoreError as error:
            rows.append(unknown(subject, str(error)))
    return rows


def _refused(subject: str, error: ClientError, action: str) -> Row:
    """Return the row of a check whose last API call AWS refused."""
    code = error.response["Error"]["Code"]
    if code in _DENIED_CODES:
        return unknown(
            subject,
            f"your credentials may not call {action}",
            allowed="the role of the administrators of a deployed stage, or of the account",
        )
    message = error.response["Error"].get("Message") or code
    return unknown(subject, f"{action} returns: {message}")


def _check_account(session: "Session", settings: StageSettings) -> None:
    caller_account = session.client("sts").get_caller_identity()["Account"]
    accounts = resolve_accounts([load_stage(name) for name in stage_names()], caller_account)
    if accounts[settings.stage] != caller_account:
        raise OperationError(
            f"settings/{settings.stage}.yaml: account: found {accounts[settings.stage]}; your "
            f"credentials are for {caller_account}"
        )
    check_placeholders(settings, caller_account)
    check_placeholders(settings, caller_account)
