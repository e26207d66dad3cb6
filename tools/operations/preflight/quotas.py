"""The quotas of the account that a deployment needs.

The codes are those of the Service Quotas console. A new account has lower applied quotas than the
defaults: 10 Lambda executions, and 5 vCPUs of on-demand standard instances.
"""

import math
from typing import TYPE_CHECKING, NamedTuple

from settings import StageSettings
from settings.instances import NODE_TYPES
from settings.model import PROJECT
from tools.operations.preflight.row import Row, missing, ok

if TYPE_CHECKING:
    from boto3 import Session

LAMBDA_EXECUTIONS = 9
"""The Lambda executions that a deployment starts at the same time. A test computes it from the
templates (tests/stacks/lambda_executions.py)."""

_STANDARD_FAMILIES = tuple("acdhimrtz")
_OTHER_FAMILIES = ("dl", "hpc", "inf", "mac", "trn")
"""L-1216C47A counts the families A, C, D, H, I, M, R, T and Z. These have quotas of their own."""


class Quota(NamedTuple):
    """A quota of Service Quotas."""

    service: str
    code: str
    name: str

    def request(self, session: "Session", value: int) -> str:
        """Return the command that requests an increase."""
        return (
            "aws service-quotas request-service-quota-increase "
            f"--service-code {self.service} --quota-code {self.code} --desired-value {value} "
            f"--region {session.region_name}"
        )

    def value(self, session: "Session") -> int:
        """Return the applied quota, or the default where none is applied."""
        client = session.client("service-quotas")
        try:
            response = client.get_service_quota(ServiceCode=self.service, QuotaCode=self.code)
        except client.exceptions.NoSuchResourceException:
            response = client.get_aws_default_service_quota(
                ServiceCode=self.service, QuotaCode=self.code
            )
        return int(response["Quota"]["Value"])


_CONCURRENT_EXECUTIONS = Quota("lambda", "L-B99A9384", "Lambda executions")
_VCPUS = Quota("ec2", "L-1216C47A", "EC2 vCPUs")
_ELASTIC_IPS = Quota("ec2", "L-0263D0A3", "Elastic IPs")
_VPCS = Quota("vpc", "L-F678F1CE", "VPCs")
_DEFAULT_LAMBDA_EXECUTIONS = 1000
"""The default quota. AWS grants a new account the default on request."""


def check_lambda_executions(session: "Session", settings: StageSettings) -> list[Row]:
    """Check that CloudFormation can run the functions of the custom resources."""
    limits = session.client("lambda").get_account_settings()["AccountLimit"]
    unreserved = limits["UnreservedConcurrentExecutions"]
    found = f"{unreserved} at the same time"
    if unreserved >= LAMBDA_EXECUTIONS:
        return [ok(_CONCURRENT_EXECUTIONS.name, found)]
    return [
        missing(
            _CONCURRENT_EXECUTIONS.name,
            f"{found} ({limits['ConcurrentExecutions']} less what functions reserve)",
            allowed=f"at least {LAMBDA_EXECUTIONS}",
            fix=_CONCURRENT_EXECUTIONS.request(session, _DEFAULT_LAMBDA_EXECUTIONS),
        )
    ]


def check_vcpus(session: "Session", settings: StageSettings) -> list[Row]:
    """Check that the first nodes of the cluster can start, and all nodes at maximum scale."""
    nodes = settings.cluster.nodes
    vcpus = NODE_TYPES[nodes.instance_type].vcpus
    quota, in_use = _VCPUS.value(session), _vcpus_of_others(session, settings.resource_name())
    maximum = in_use + nodes.max_nodes * vcpus
    return [
        _compare(
            session, _VCPUS, f"{_VCPUS.name}, {name}", quota, in_use, count * vcpus, request=maximum
        )
        for name, count in (("first nodes", nodes.desired_nodes), ("all nodes", nodes.max_nodes))
    ]


def check_elastic_ips(session: "Session", settings: StageSettings) -> list[Row]:
    """Check that each NAT gateway gets an address."""
    quota = _ELASTIC_IPS.value(session)
    addresses = session.client("ec2").describe_addresses()["Addresses"]
    others = sum(not _is_of_stage(address, settings) for address in addresses)
    needed = settings.network.nat_gateways
    return [_compare(session, _ELASTIC_IPS, _ELASTIC_IPS.name, quota, others, needed)]


def check_vpcs(session: "Session", settings: StageSettings) -> list[Row]:
    """Check that the Region can have one more VPC. The default VPC counts, too."""
    quota = _VPCS.value(session)
    vpcs = session.client("ec2").describe_vpcs()["Vpcs"]
    others = sum(not _is_of_stage(vpc, settings) for vpc in vpcs)
    return [_compare(session, _VPCS, _VPCS.name, quota, others, 1)]


def _compare(
    session: "Session",
    quota: Quota,
    subject: str,
    value: int,
    others: int,
    needed: int,
    *,
    request: int = 0,
) -> Row:
    """Compare a quota with what the stage needs and what else uses it.

    Args:
        session: its Region is in the command.
        quota: the quota.
        subject: the subject of the row.
        value: the value of the quota.
        others: what the rest of the account uses already.
        needed: what the stage needs.
        request: the value to request, if it is more than the necessary one.
    """
    found = f"quota {value}, {others} used by others"
    if value - others >= needed:
        return ok(subject, f"{found}, {needed} needed")
    return missing(
        subject,
        found,
        allowed=f"at least {others + needed}: the stage needs {needed}",
        fix=quota.request(session, max(others + needed, request)),
    )


def _vcpus_of_others(session: "Session", cluster_name: str) -> int:
    """Return the vCPUs of all running on-demand standard instances but the cluster's nodes."""
    pages = session.client("ec2").get_paginator("describe_instances")
    states = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]
    return sum(
        math.prod(instance["CpuOptions"][key] for key in ("CoreCount", "ThreadsPerCore"))
        for page in pages.paginate(Filters=states)
        for reservation in page["Reservations"]
        for instance in reservation["Instances"]
        if instance["InstanceType"].startswith(_STANDARD_FAMILIES)
        and not instance["InstanceType"].startswith(_OTHER_FAMILIES)
        and "InstanceLifecycle" not in instance
        and _tags(instance).get("eks:cluster-name") != cluster_name
    )


def _is_of_stage(resource: dict[str, object], settings: StageSettings) -> bool:
    tags = _tags(resource)
    return (tags.get("Project"), tags.get("Environment")) == (PROJECT, settings.stage)


def _tags(resource: dict[str, object]) -> dict[str, str]:
    tags = resource.get("Tags", [])
    assert isinstance(tags, list)  # noqa: S101 - for mypy
    return {tag["Key"]: tag["Value"] for tag in tags}
