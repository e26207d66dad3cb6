"""The faults of deployments, and what CloudFormation does after them."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.error import HTTPError

import pytest
from botocore.exceptions import ClientError

from tests.tools.embedded_aws.conftest import Stack

TOPIC: dict[str, Any] = {"Type": "AWS::SNS::Topic"}


def named(name: str, **properties: object) -> dict[str, Any]:
    """Return a topic whose display name can change without a replacement."""
    return {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": name} | properties}


class FaultApi:
    """The faults of an embedded AWS."""

    def __init__(self, endpoint: str) -> None:
        self._url = f"{endpoint}/_local/faults"

    def put(self, *faults: object) -> None:
        """Replace the faults."""
        self._send(json.dumps(list(faults)).encode())

    def _send(self, body: bytes) -> None:
        request = urllib.request.Request(self._url, body, method="PUT")  # noqa: S310 - 127.0.0.1
        urllib.request.urlopen(request).close()  # noqa: S310

    def pending(self) -> list[Any]:
        """Return the faults that have not happened yet."""
        with urllib.request.urlopen(self._url) as response:  # noqa: S310
            pending: list[Any] = json.load(response)
        return pending

    def refusal(self, fault: object) -> str:
        """Return the message of the refusal of a fault."""
        return self.refusal_of_body(json.dumps([fault]).encode())

    def refusal_of_body(self, body: bytes) -> str:
        """Return the message of the refusal of a request."""
        with pytest.raises(HTTPError) as caught:
            self._send(body)
        assert caught.value.code == 400
        return str(json.load(caught.value)["message"])


@pytest.fixture
def faults(endpoint: str) -> Iterator[FaultApi]:
    api = FaultApi(endpoint)
    yield api
    api.put()


def fault(stack: Stack, logical_id: str, action: str, **more: object) -> dict[str, object]:
    return {"stack": stack.name, "logical_id": logical_id, "action": action} | more


def test_the_next_creation_fails_once_and_the_repeated_one_succeeds(
    stack: Stack, faults: FaultApi
) -> None:
    faults.put(fault(stack, "Second", "create"))
    resources = {"First": TOPIC, "Second": TOPIC | {"DependsOn": "First"}}

    assert stack.deploy(resources) == "ROLLBACK_COMPLETE"
    assert "/_local/faults" in stack.failures()["Second"]
    assert faults.pending() == []

    stack.delete()
    assert stack.deploy(resources) == "CREATE_COMPLETE"


def test_a_failed_update_returns_every_resource_to_what_it_was(
    stack: Stack, faults: FaultApi, aws: Callable[[str], Any]
) -> None:
    stack.deploy({"First": named("one"), "Second": named("one", TopicName="second")})
    faults.put(fault(stack, "Second", "update"))
    changed = {
        "First": named("two"),
        "Second": named("two", TopicName="second") | {"DependsOn": "First"},
    }

    assert stack.deploy(changed) == "UPDATE_ROLLBACK_COMPLETE"
    assert _display_names(stack, aws) == {"First": "one", "Second": "one"}
    assert stack.deploy(changed) == "UPDATE_COMPLETE"
    assert _display_names(stack, aws) == {"First": "two", "Second": "two"}


def test_an_unchanged_resource_is_not_updated_so_its_fault_remains(
    stack: Stack, faults: FaultApi
) -> None:
    stack.deploy({"First": named("one"), "Second": TOPIC})
    faults.put(fault(stack, "Second", "update"))

    assert stack.deploy({"First": named("two"), "Second": TOPIC}) == "UPDATE_COMPLETE"
    assert faults.pending() == [fault(stack, "Second", "update", after=0)]


def test_a_rollback_that_fails_itself_is_continued(
    stack: Stack, faults: FaultApi, aws: Callable[[str], Any]
) -> None:
    stack.deploy({"First": named("one"), "Second": named("one", TopicName="second")})
    faults.put(fault(stack, "First", "update", after=1), fault(stack, "Second", "update"))
    changed = {
        "First": named("two"),
        "Second": named("two", TopicName="second") | {"DependsOn": "First"},
    }

    assert stack.deploy(changed) == "UPDATE_ROLLBACK_FAILED"
    with pytest.raises(ClientError, match="is in UPDATE_ROLLBACK_FAILED state"):
        stack.deploy(changed)

    stack.cloudformation.continue_update_rollback(StackName=stack.name)
    assert stack.status() == "UPDATE_ROLLBACK_COMPLETE"
    assert _display_names(stack, aws) == {"First": "one", "Second": "one"}
    assert stack.deploy(changed) == "UPDATE_COMPLETE"


def test_what_a_failed_rollback_leaves_is_deleted_with_the_stack(
    stack: Stack, faults: FaultApi, local_api: Callable[[str], str]
) -> None:
    faults.put(fault(stack, "First", "delete"), fault(stack, "Second", "create"))
    resources = {"First": TOPIC, "Second": TOPIC | {"DependsOn": "First"}}

    assert stack.deploy(resources) == "ROLLBACK_FAILED"
    assert list(stack.physical_ids()) == ["First"]

    stack.delete()
    assert json.loads(local_api(f"resources?stack={stack.name}")) == []
    assert stack.deploy(resources) == "CREATE_COMPLETE"


CLUSTER = {
    "Type": "AWS::EKS::Cluster",
    "Properties": {
        "Name": "faulty",
        "Version": "1.35",
        "RoleArn": "arn:aws:iam::000000000000:role/cluster",
        "ResourcesVpcConfig": {"SubnetIds": ["subnet-1", "subnet-2"]},
    },
}


def on_cluster(kind: str, **properties: object) -> dict[str, Any]:
    """Return a custom resource of aws_eks_v2."""
    given = {"ServiceToken": "unused", "ClusterName": {"Ref": "Cluster"}} | properties
    return {"Type": f"Custom::AWSCDK-EKS-{kind}", "Properties": given, "DependsOn": "Cluster"}


@pytest.mark.parametrize(
    "resource",
    [
        on_cluster("HelmChart", Release="keda", Chart="keda", Namespace="default"),
        on_cluster(
            "KubernetesObjectValue",
            ObjectType="namespace",
            ObjectName="default",
            ObjectNamespace="default",
            JsonPath=".metadata.name",
            TimeoutSeconds=60,
        ),
    ],
    ids=["Helm release", "wait"],
)
def test_a_helm_release_and_a_wait_fail_once(
    stack: Stack, faults: FaultApi, resource: dict[str, Any]
) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}}
    resources = {
        "Cluster": CLUSTER,
        "Object": on_cluster("KubernetesResource", Manifest=json.dumps([namespace])),
        "Faulty": resource | {"DependsOn": "Object"},
    }
    faults.put(fault(stack, "Faulty", "create"))

    assert stack.deploy(resources) == "ROLLBACK_COMPLETE"
    assert "/_local/faults" in stack.failures()["Faulty"]

    stack.delete()
    assert stack.deploy(resources) == "CREATE_COMPLETE"


def test_a_resource_that_a_rollback_could_not_restore_is_in_update_failed(
    stack: Stack, faults: FaultApi
) -> None:
    stack.deploy({"First": named("one"), "Second": named("one")})
    faults.put(fault(stack, "First", "update", after=1), fault(stack, "Second", "update"))
    stack.deploy({"First": named("two"), "Second": named("two") | {"DependsOn": "First"}})

    assert _failed_updates(stack) == {"First": "/_local/faults has a fault"}

    faults.put(fault(stack, "First", "update"))
    stack.cloudformation.continue_update_rollback(StackName=stack.name)
    assert stack.status() == "UPDATE_ROLLBACK_FAILED"
    assert _failed_updates(stack) == {"First": "/_local/faults has a fault"}

    stack.cloudformation.continue_update_rollback(StackName=stack.name)
    assert stack.status() == "UPDATE_ROLLBACK_COMPLETE"
    assert _failed_updates(stack) == {}


def test_a_skipped_resource_counts_as_restored_and_stays_as_it_is(
    stack: Stack, faults: FaultApi, aws: Callable[[str], Any]
) -> None:
    stack.deploy({"First": named("one"), "Second": named("one")})
    faults.put(fault(stack, "First", "update", after=1), fault(stack, "Second", "update"))
    stack.deploy({"First": named("two"), "Second": named("two") | {"DependsOn": "First"}})
    with pytest.raises(ClientError, match="only resources whose rollback failed"):
        _continue_without(stack, "Second")

    _continue_without(stack, "First")

    assert stack.status() == "UPDATE_ROLLBACK_COMPLETE"
    assert _failed_updates(stack) == {}
    assert _display_names(stack, aws) == {"First": "two", "Second": "one"}


def _continue_without(stack: Stack, logical_id: str) -> None:
    stack.cloudformation.continue_update_rollback(
        StackName=stack.name, ResourcesToSkip=[logical_id]
    )


def _failed_updates(stack: Stack) -> dict[str, str]:
    """Return the end of the reason of each resource in `UPDATE_FAILED`."""
    found = stack.cloudformation.describe_stack_resources(StackName=stack.name)["StackResources"]
    return {
        resource["LogicalResourceId"]: resource["ResourceStatusReason"].split("because ")[-1]
        for resource in found
        if resource["ResourceStatus"] == "UPDATE_FAILED"
    }


WAIT = {
    "Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
    "Wait": {
        "Type": "AWS::CloudFormation::WaitCondition",
        "Properties": {"Handle": {"Ref": "Handle"}, "Timeout": "1"},
    },
}


@contextmanager
def in_progress(stack: Stack, resources: dict[str, Any], status: str) -> Iterator[None]:
    """Deploy a stack whose wait lasts a second, and meanwhile run the block."""
    deployment = threading.Thread(target=stack.deploy, args=(resources,))
    deployment.start()
    try:
        while stack.status() != status:
            assert deployment.is_alive()
        yield
    finally:
        deployment.join()


def test_a_second_deployment_is_refused_while_the_first_is_in_progress(stack: Stack) -> None:
    template = json.dumps({"Resources": {"A": TOPIC}})
    refusal = r"Stack:arn:\S+ is in CREATE_IN_PROGRESS state and can not be updated"
    with in_progress(stack, WAIT, "CREATE_IN_PROGRESS"):
        with pytest.raises(ClientError, match=refusal):
            stack.cloudformation.update_stack(StackName=stack.name, TemplateBody=template)
        with pytest.raises(ClientError, match=refusal):
            stack.cloudformation.create_change_set(
                StackName=stack.name, ChangeSetName="second", TemplateBody=template
            )


def test_a_stack_is_not_deleted_during_an_update(stack: Stack) -> None:
    stack.deploy({"A": TOPIC})
    refused = pytest.raises(ClientError, match="cannot be deleted while in status UPDATE_IN_PROG")
    with in_progress(stack, WAIT | {"A": TOPIC}, "UPDATE_IN_PROGRESS"), refused:
        stack.cloudformation.delete_stack(StackName=stack.name)
    assert stack.status() == "UPDATE_ROLLBACK_COMPLETE"


def test_no_change_set_is_created_after_a_rollback_that_failed(
    stack: Stack, faults: FaultApi
) -> None:
    stack.deploy({"First": named("one"), "Second": named("one")})
    faults.put(fault(stack, "First", "update", after=1), fault(stack, "Second", "update"))
    stack.deploy({"First": named("two"), "Second": named("two") | {"DependsOn": "First"}})
    with pytest.raises(ClientError, match="is in UPDATE_ROLLBACK_FAILED state"):
        stack.cloudformation.create_change_set(
            StackName=stack.name,
            ChangeSetName="next",
            TemplateBody=json.dumps({"Resources": {"First": named("three")}}),
        )


def test_a_stack_whose_exports_are_imported_is_not_deleted(
    stack: Stack, aws: Callable[[str], Any]
) -> None:
    owner = {
        "Resources": {"Topic": TOPIC},
        "Outputs": {"Name": {"Value": {"Ref": "Topic"}, "Export": {"Name": "fault-export"}}},
    }
    stack.deploy_template(owner)
    reader = Stack(f"{stack.name}-reader", stack.cloudformation)
    reader.deploy({"Reader": named("x", TopicName={"Fn::ImportValue": "fault-export"})})
    try:
        with pytest.raises(ClientError, match="Export fault-export is imported by stack"):
            stack.delete()
    finally:
        reader.delete()


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({}, "found {}; allowed: an object with stack, logical_id, action"),
        ({"job": ""}, "allowed: an object with stack, logical_id, action"),
        (
            {"stack": "none", "logical_id": "A", "action": "erase"},
            "action: found 'erase'; allowed: create, update, delete",
        ),
        (
            {"stack": "none", "logical_id": "A", "action": "create", "after": True},
            "after: found True; allowed: a number from 0",
        ),
        (
            {"stack": "none", "logical_id": "A-B", "action": "create"},
            "allowed: the name of a stack and a logical id",
        ),
        (
            {"stack": "none", "logical_id": "A", "action": "update"},
            "stack: found none, which does not exist; allowed: action create or delete",
        ),
    ],
)
def test_a_fault_that_cannot_happen_is_one_message(
    faults: FaultApi, found: object, message: str
) -> None:
    assert message in faults.refusal(found)


def test_a_fault_of_an_unknown_logical_id_is_one_message(stack: Stack, faults: FaultApi) -> None:
    stack.deploy({"First": TOPIC})
    assert faults.refusal(fault(stack, "Frist", "update")) == (
        f"logical_id: found Frist; allowed: a resource of the stack {stack.name}"
    )
    assert faults.pending() == []


def _display_names(stack: Stack, aws: Callable[[str], Any]) -> dict[str, str]:
    topics = aws("sns")
    return {
        logical_id: topics.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"]
        for logical_id, arn in stack.physical_ids().items()
    }


def test_a_body_that_is_not_json_is_one_message(faults: FaultApi) -> None:
    assert faults.refusal_of_body(b"nonsense").startswith("the body is not JSON: ")
