"""The report of a deploy: what the embedded AWS holds afterwards, read with boto3."""

import contextlib
import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tools.embedded_aws.emulator import Emulator, Mode, Resource
from tools.embedded_aws.errors import EmbeddedAwsError
from tools.embedded_aws.fidelity import CHECKED, FIDELITIES, REAL, RECORDED

_EXPLANATIONS = {
    REAL: "Real, with a server or a Job on this machine",
    RECORDED: "Recorded, not emulated (checked against the CloudFormation schema)",
    CHECKED: "Checked against the Kubernetes schemas, not run",
}


@dataclass(frozen=True)
class Stack:
    """A deployed stack."""

    name: str
    resources: Sequence[Resource]
    expected: int
    """The number of resources that CloudFormation lists."""
    seconds: float
    """The time that this deploy spent on the stack; 0 if it changed nothing."""

    def count(self, fidelity: str) -> int:
        """Return the number of resources of a fidelity."""
        return sum(resource.fidelity == fidelity for resource in self.resources)

    @property
    def missing(self) -> int:
        """The number of resources that have no fidelity. It is 0 unless there is a defect."""
        return self.expected - sum(self.count(fidelity) for fidelity in FIDELITIES)


class Reader:
    """Reads the stacks and resources of a stage."""

    def __init__(self, emulator: Emulator, environment: Mapping[str, str]) -> None:
        """Take the credentials and the region from the environment of the CLI's programs."""
        # Imported here, while a deploy waits for the CDK CLI: it takes half a second.
        import boto3

        self._emulator = emulator
        self._session = boto3.Session(
            environment["AWS_ACCESS_KEY_ID"],
            environment["AWS_SECRET_ACCESS_KEY"],
            region_name=environment["AWS_REGION"],
        )

    def stacks(self, prefix: str, since: dt.datetime) -> list[Stack]:
        """Return the stacks whose name begins with the prefix, in the order of their creation."""
        with _readable():
            return [self._stack(name, since) for name in self._names(prefix)]

    def entry_points(self, stacks: Sequence[Stack]) -> dict[str, str]:
        """Return the addresses of the load balancer, the database and the cluster, by name."""
        found: dict[str, str] = {}
        with _readable():
            for resource in (resource for stack in stacks for resource in stack.resources):
                found |= self._entry_point(resource.type, resource.physical_id)
        return found

    def failures(self, prefix: str, since: dt.datetime) -> list[str]:
        """Return the first failure of each stack whose update or creation failed.

        CloudFormation reports the cause as the reason of a resource, or of the stack itself, such
        as for an export in use. Later failures only say that the operation was cancelled.
        """
        with _readable():
            failures = [self._first_failure(name, since) for name in self._names(prefix)]
        return [failure for failure in failures if failure]

    def _first_failure(self, stack: str, since: dt.datetime) -> str:
        for event in reversed(self._events(stack)):
            if event["Timestamp"] >= since and event["ResourceStatus"].endswith("_FAILED"):
                return f"{stack}/{event['LogicalResourceId']}: {event['ResourceStatusReason']}"
        return ""

    def _entry_point(self, resource_type: str, name: str) -> dict[str, str]:
        match resource_type:
            case "AWS::ElasticLoadBalancingV2::LoadBalancer":
                answer = self._client("elbv2").describe_load_balancers(LoadBalancerArns=[name])
                return {"Load balancer": answer["LoadBalancers"][0]["DNSName"]}
            case "AWS::RDS::DBInstance":
                answer = self._client("rds").describe_db_instances(DBInstanceIdentifier=name)
                endpoint = answer["DBInstances"][0]["Endpoint"]
                return {"Database": f"{endpoint['Address']}:{endpoint['Port']}"}
            case "AWS::EKS::Cluster":
                cluster = self._client("eks").describe_cluster(name=name)["cluster"]
                return {"Cluster": f"{cluster['name']}, Kubernetes {cluster['version']}"}
        return {}

    def _names(self, prefix: str) -> list[str]:
        pages = self._client("cloudformation").get_paginator("describe_stacks").paginate()
        stacks = [stack for page in pages for stack in page["Stacks"]]
        found = [stack for stack in stacks if stack["StackName"].startswith(prefix)]
        found.sort(key=lambda stack: stack["CreationTime"])
        return [stack["StackName"] for stack in found]

    def _stack(self, name: str, since: dt.datetime) -> Stack:
        client = self._client("cloudformation")
        times = [e["Timestamp"] for e in self._events(name) if e["Timestamp"] >= since]
        seconds = (max(times) - min(times)).total_seconds() if times else 0.0
        pages = client.get_paginator("list_stack_resources").paginate(StackName=name)
        expected = sum(len(page["StackResourceSummaries"]) for page in pages)
        return Stack(name, self._emulator.resources(name), expected, seconds)

    def _events(self, stack: str) -> list[dict[str, Any]]:
        """Return the events of a stack, the newest first."""
        pages = self._client("cloudformation").get_paginator("describe_stack_events")
        return [event for page in pages.paginate(StackName=stack) for event in page["StackEvents"]]

    def _client(self, service: str) -> Any:  # noqa: ANN401 - made at run time
        return self._session.client(service, endpoint_url=self._emulator.endpoint)


@contextlib.contextmanager
def _readable() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise EmbeddedAwsError(f"the embedded AWS cannot be read back: {error}") from None


def table(stacks: Sequence[Stack]) -> str:
    """Return a table with one line for each stack, and a line of sums."""
    head = ["stack", "resources", *FIDELITIES, "seconds"]
    rows = [
        [s.name, str(s.expected), *(str(s.count(f)) for f in FIDELITIES), f"{s.seconds:.1f}"]
        for s in stacks
    ]
    sums = [sum(stack.count(fidelity) for stack in stacks) for fidelity in FIDELITIES]
    total = ["all", str(sum(s.expected for s in stacks)), *map(str, sums), ""]
    lines = [head, *rows, total]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def explanation(stacks: Sequence[Stack], mode: Mode) -> str:
    """Return which resource types are real, recorded or checked, and what runs them."""
    lines = []
    for fidelity, text in _EXPLANATIONS.items():
        types = Counter(r.type for s in stacks for r in s.resources if r.fidelity == fidelity)
        if types:
            shown = ", ".join(f"{name} ({count})" for name, count in sorted(types.items()))
            lines.append(f"{text}: {shown}.")
    for stack in stacks:
        if stack.missing:
            lines.append(
                f"{stack.name}: the embedded AWS does not hold {stack.missing} of its resources. "
                "This is a defect of the embedded AWS."
            )
    return "\n".join([*lines, *_data_plane(mode)])


def _data_plane(mode: Mode) -> list[str]:
    """Return what runs the cluster, PostgreSQL and Redis."""
    if mode.docker:
        return ["A Docker engine runs the cluster and Redis."]
    if mode.control_plane_only:
        return ["The cluster, PostgreSQL and Redis have their control plane only."]
    missing = [f"Control plane only. {reason}." for reason in mode.missing]
    return ["The cluster has its control plane only: no Docker engine is used.", *missing]
