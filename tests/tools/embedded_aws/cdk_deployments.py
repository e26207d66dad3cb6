"""Deployments of synthesized stages to an embedded AWS, with the real CDK CLI."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ministack.services.cloudformation.engine import (  # type: ignore[import-untyped]
    _topological_sort,
)

from tests.tools.embedded_aws.conftest import ROOT, RunningServer, client_of, put_local
from tools.embedded_aws.environment import endpoint_variables, isolated_environment
from tools.templates.synthesis import synthesize_checkout

REGION = "us-east-1"
UPDATE_SECONDS = 20
"""How long an update lasts in which another deployment begins."""


class Deployments:
    """An embedded AWS with the CDK's bootstrap stack, and the CDK CLI in its environment."""

    def __init__(self, endpoint: str, folder: Path) -> None:
        self.endpoint = endpoint
        self.cloudformation = client_of(endpoint, "cloudformation")
        programs = [Path(sys.executable).parent, ROOT / "node_modules" / ".bin"]
        path = os.pathsep.join([*map(str, programs), os.environ["PATH"]])
        self._environment = {
            **isolated_environment(os.environ, folder),
            **endpoint_variables(endpoint, REGION),
            "PATH": path,
            "NO_COLOR": "1",
        }
        (folder / "home").mkdir()
        self._folder = folder
        self.run("bootstrap", f"aws://000000000000/{REGION}")

    def run(self, *arguments: str, fails: bool = False) -> str:
        """Run the CDK CLI; return its output. It must fail exactly where `fails` says so."""
        result = subprocess.run(  # noqa: S603 - the installed CDK CLI
            [ROOT / "node_modules" / ".bin" / "cdk", *arguments, "--no-notices"],
            cwd=self._folder,
            env=self._environment,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert bool(result.returncode) == fails, f"{arguments}:\n{result.stdout[-6000:]}"
        return result.stdout

    def deploy(
        self,
        assembly: Path,
        stacks: str,
        *options: str,
        method: str = "direct",
        fails: bool = False,
    ) -> str:
        """Deploy stacks from a synthesized assembly. The method of the documents is change-set."""
        command = ("deploy", "-a", str(assembly), stacks, *options, "--method", method)
        quick = ("--require-approval", "never", "--concurrency", "3")
        return self.run(*command, *quick, fails=fails)

    @contextmanager
    def update_in_progress(self, stack: str) -> Iterator[None]:
        """Update a stack during the block. The update fails in the end, and is rolled back."""
        template = self.cloudformation.get_template(StackName=stack)["TemplateBody"]
        resources = template["Resources"] | {
            "Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
            "Wait": {
                "Type": "AWS::CloudFormation::WaitCondition",
                "Properties": {"Handle": {"Ref": "Handle"}, "Timeout": str(UPDATE_SECONDS)},
            },
        }
        update = threading.Thread(
            target=self.cloudformation.update_stack,
            kwargs={
                "StackName": stack,
                "TemplateBody": json.dumps(template | {"Resources": resources}),
                "Capabilities": ["CAPABILITY_NAMED_IAM"],
            },
        )
        update.start()
        try:
            while self.status(stack) != "UPDATE_IN_PROGRESS":
                assert update.is_alive()
            yield
        finally:
            update.join()

    def failed_updates(self, stack: str) -> list[str]:
        """Return the resources in `UPDATE_FAILED`, as the runbook failed-update asks for them."""
        found = self.cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
        return [
            resource["LogicalResourceId"]
            for resource in found
            if resource["ResourceStatus"] == "UPDATE_FAILED"
        ]

    def put_faults(self, *faults: Mapping[str, object]) -> None:
        """Replace the faults of the embedded AWS."""
        put_local(self.endpoint, "faults", faults)

    def pending_faults(self) -> list[Any]:
        """Return the faults that have not happened yet."""
        faults: list[Any] = json.loads(self.local("faults"))
        return faults

    def local(self, path: str) -> str:
        """Return the response to a path under /_local/."""
        with urllib.request.urlopen(f"{self.endpoint}/_local/{path}") as response:  # noqa: S310
            return str(response.read().decode())

    def status(self, stack: str) -> str:
        """Return the status of a stack."""
        (found,) = self.cloudformation.describe_stacks(StackName=stack)["Stacks"]
        return str(found["StackStatus"])

    def delete_protected_resources(self, stack: str) -> None:
        """Delete what the rollback of a creation could not delete, because it is protected."""
        summaries = self.cloudformation.list_stack_resources(StackName=stack)
        for resource in summaries["StackResourceSummaries"]:
            identifier = resource["PhysicalResourceId"]
            match resource["ResourceType"]:
                case "AWS::RDS::DBInstance":
                    rds, name = (
                        client_of(self.endpoint, "rds"),
                        {"DBInstanceIdentifier": identifier},
                    )
                    rds.modify_db_instance(**name, DeletionProtection=False, ApplyImmediately=True)
                    rds.delete_db_instance(**name, SkipFinalSnapshot=True)
                case "AWS::ElasticLoadBalancingV2::LoadBalancer":
                    elb, arn = client_of(self.endpoint, "elbv2"), {"LoadBalancerArn": identifier}
                    off = {"Key": "deletion_protection.enabled", "Value": "false"}
                    elb.modify_load_balancer_attributes(**arn, Attributes=[off])
                    elb.delete_load_balancer(**arn)
                case "AWS::EKS::Cluster":
                    eks = client_of(self.endpoint, "eks")
                    eks.update_cluster_config(name=identifier, deletionProtection=False)
                    eks.delete_cluster(name=identifier)

    def contents(self, stack: str) -> tuple[Any, ...]:
        """Return the template, the parameters, the tags and the resources of a stack."""
        (found,) = self.cloudformation.describe_stacks(StackName=stack)["Stacks"]
        template = self.cloudformation.get_template(StackName=stack)["TemplateBody"]
        resources = json.loads(self.local(f"resources?stack={stack}"))
        return template, found.get("Parameters"), found["Tags"], resources


@contextmanager
def running_deployments(folder: Path) -> Iterator[Deployments]:
    """Start an embedded AWS with its control plane only, and stop it at the end."""
    folder.mkdir()
    server = RunningServer(folder, "--control-plane-only")
    try:
        yield Deployments(server.wait_until_ready(), folder)
    finally:
        server.stop()


@contextmanager
def synthesize_changed_stage(stage: str, folder: Path) -> Iterator[Path]:
    """Yield the assembly of a stage whose tag CostCenter, and so every stack, has changed."""
    for name in ("constructs", "k8s", "settings"):
        (folder / name).symlink_to(ROOT / name, target_is_directory=True)
    shutil.copytree(ROOT / "stacks", folder / "stacks")
    for name in ("app.py", "cdk.json"):
        shutil.copy(ROOT / name, folder)
    tags = folder / "stacks" / "shared" / "tags.py"
    text = tags.read_text()
    assert "engineering" in text
    tags.write_text(text.replace("engineering", "research"))
    with synthesize_checkout(stage, folder) as assembly:
        yield assembly


def read_template(assembly: Path, stage: str, stack: str) -> dict[str, Any]:
    """Return the template of a stack of an assembly."""
    folder = assembly / f"assembly-{stage}"
    for artifact in json.loads((folder / "manifest.json").read_text())["artifacts"].values():
        properties = artifact.get("properties", {})
        if properties.get("stackName") == f"spywatcher-{stage}-{stack}":
            template: dict[str, Any] = json.loads((folder / properties["templateFile"]).read_text())
            return template
    raise LookupError(stack)


def creation_order(template: Mapping[str, Any]) -> list[str]:
    """Return the logical ids in the order in which the embedded AWS creates them."""
    resources = {
        logical_id: resource
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] != "AWS::CDK::Metadata" and "Condition" not in resource
    }
    return [str(logical_id) for logical_id in _topological_sort(resources, {})]


def last_resource(template: Mapping[str, Any]) -> str:
    """Return the resource that is created last."""
    return creation_order(template)[-1]


def changed_resources(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the resources whose properties differ, in the order of their updates."""
    return [
        logical_id
        for logical_id in creation_order(after)
        if logical_id in before["Resources"]
        and before["Resources"][logical_id].get("Properties")
        != after["Resources"][logical_id].get("Properties")
    ]
