"""What a deploy made, read back from the embedded AWS with boto3, as text for the terminal."""

import contextlib
import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tools.embedded_aws.emulator import Emulator, Resource
from tools.embedded_aws.errors import LocalError

HOWS = ("emulated", "recorded", "checked")


@dataclass(frozen=True)
class Stack:
    """A deployed stack."""

    name: str
    resources: Sequence[Resource]
    expected: int
    """How many resources CloudFormation says it has."""
    seconds: float
    """How long this deploy worked on it; 0: nothing to change."""

    def count(self, how: str) -> int:
        """Return how many of its resources are held in one way."""
        return sum(resource.how == how for resource in self.resources)

    @property
    def missing(self) -> int:
        """Return how many of its resources are held in no way at all; 0 unless it is a defect."""
        return self.expected - sum(self.count(how) for how in HOWS)


class Reader:
    """Asks the embedded AWS, over boto3, what a stage consists of."""

    def __init__(self, emulator: Emulator, environment: Mapping[str, str]) -> None:
        """Take the credentials and the region from the environment of the CLI's programs."""
        # Not at the top: it takes half a second, which a deploy spends waiting anyway.
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
        """Return where the stage is reached: load balancer, database, cluster."""
        rows: dict[str, str] = {}
        with _readable():
            for resource in (resource for stack in stacks for resource in stack.resources):
                rows |= self._entry_point(resource.type, resource.physical_id)
        return rows

    def _entry_point(self, kind: str, name: str) -> dict[str, str]:
        match kind:
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
        found = [stack for page in pages for stack in page["Stacks"]]
        mine = [stack for stack in found if stack["StackName"].startswith(prefix)]
        mine.sort(key=lambda stack: stack["CreationTime"])
        return [stack["StackName"] for stack in mine]

    def _stack(self, name: str, since: dt.datetime) -> Stack:
        client = self._client("cloudformation")
        histories = client.get_paginator("describe_stack_events").paginate(StackName=name)
        events = [event for page in histories for event in page["StackEvents"]]
        times = [event["Timestamp"] for event in events if event["Timestamp"] >= since]
        seconds = (max(times) - min(times)).total_seconds() if times else 0.0
        pages = client.get_paginator("list_stack_resources").paginate(StackName=name)
        expected = sum(len(page["StackResourceSummaries"]) for page in pages)
        return Stack(name, self._emulator.resources(name), expected, seconds)

    def _client(self, service: str) -> Any:  # noqa: ANN401 - made at run time
        return self._session.client(service, endpoint_url=self._emulator.endpoint)


@contextlib.contextmanager
def _readable() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise LocalError(f"the embedded AWS cannot be read back: {error}") from None


def table(stacks: Sequence[Stack]) -> str:
    """Lay the stacks out, a line each, and their sums."""
    head = ["stack", "resources", *HOWS, "seconds"]
    rows = [
        [s.name, str(s.expected), *(str(s.count(how)) for how in HOWS), f"{s.seconds:.1f}"]
        for s in stacks
    ]
    sums = [sum(s.count(how) for s in stacks) for how in HOWS]
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


def explanation(stacks: Sequence[Stack], has_docker: bool) -> str:
    """Say what the table's words mean here: which types are not emulated."""
    lines = []
    meaning = {
        "recorded": "Recorded, not emulated (checked against the CloudFormation schema)",
        "checked": "Checked against the Kubernetes schemas, not run",
    }
    for how, text in meaning.items():
        types = Counter(r.type for s in stacks for r in s.resources if r.how == how)
        if types:
            shown = ", ".join(f"{name} ({count})" for name, count in sorted(types.items()))
            lines.append(f"{text}: {shown}.")
    for stack in stacks:
        if stack.missing:
            plural = "s" if stack.missing > 1 else ""
            lines.append(
                f"{stack.name}: {stack.missing} resource{plural} held in no way: a defect."
            )
    engine = (
        "used; the cluster, the database and the cache are real."
        if has_docker
        else "none; cluster, database and cache have their control plane only."
    )
    return "\n".join([*lines, f"Docker engine: {engine}"])
