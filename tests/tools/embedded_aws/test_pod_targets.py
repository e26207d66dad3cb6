"""The pods behind target groups: their health, their responses and their faults."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.error import HTTPError

import pytest

from tests.tools.embedded_aws.conftest import Stack, put_local
from tests.tools.embedded_aws.load_balancers import load_balancer, request, rule, split, to_group
from tests.tools.embedded_aws.state_machines import run, run_failing, task

CLUSTER_NAME = "pods"
CLUSTER: dict[str, Any] = {
    "Type": "AWS::EKS::Cluster",
    "Properties": {
        "Name": CLUSTER_NAME,
        "Version": "1.35",
        "RoleArn": "arn:aws:iam::000000000000:role/cluster",
        "ResourcesVpcConfig": {"SubnetIds": ["subnet-1", "subnet-2"]},
    },
}
HEADER = "X-Track"
HOST = "app.example.com"


@pytest.fixture
def elb(aws: Callable[[str], Any]) -> Any:
    return aws("elbv2")


@pytest.fixture
def set_faults(endpoint: str) -> Iterator[Callable[[object], None]]:
    """A function that replaces the faults of images; they are removed at the end."""

    def put(faults: object) -> None:
        put_local(endpoint, "image-faults", faults)

    yield put
    put({})


def test_the_pods_of_a_binding_are_healthy_targets(stack: Stack, elb: Any) -> None:
    _deploy(stack, to_group("Blue"), replicas=3)

    health = _health(elb, stack.physical_ids()["Blue"])

    assert health == ["healthy"] * 3
    assert _health(elb, stack.physical_ids()["Green"]) == []


def test_the_minimum_of_an_autoscaler_adds_pods(stack: Stack, elb: Any) -> None:
    _deploy(stack, to_group("Blue"), _autoscaler(4), replicas=2)

    assert _health(elb, stack.physical_ids()["Blue"]) == ["healthy"] * 4


def test_a_target_group_that_no_rule_uses_is_not_checked(stack: Stack, elb: Any) -> None:
    _deploy(stack, to_group("Green"))

    assert _health(elb, stack.physical_ids()["Blue"]) == ["unused"]


def test_the_fault_of_an_image_changes_the_health_of_its_pods(
    stack: Stack, elb: Any, set_faults: Callable[[object], None]
) -> None:
    _deploy(stack, to_group("Blue"), replicas=2)
    blue = stack.physical_ids()["Blue"]

    set_faults({"image:1": {"health": "unhealthy"}, "image:2": {"health": "initial"}})
    assert _health(elb, blue) == ["unhealthy"] * 2

    set_faults({"image:1": {"pods": 1}})
    assert _health(elb, blue) == ["healthy"]


def test_a_deployment_whose_image_does_not_start_is_not_rolled_out(
    stack: Stack, elb: Any, set_faults: Callable[[object], None]
) -> None:
    _deploy(stack, to_group("Blue"))
    set_faults({"image:2": {"starts": False}})

    status = _deploy(stack, to_group("Blue"), image="image:2")

    assert status == "UPDATE_ROLLBACK_COMPLETE"
    assert "Timeout waiting" in stack.failures()["RollOut"]
    assert _health(elb, stack.physical_ids()["Blue"]) == ["healthy"]


def test_a_load_balancer_returns_the_response_of_a_pod(
    stack: Stack, endpoint: str, elb: Any, set_faults: Callable[[object], None]
) -> None:
    _deploy(stack, to_group("Blue"))
    name = _name(elb, stack)

    assert request(endpoint, name, "/x").body == {"image": "image:1", "path": "/x"}

    set_faults({"image:1": {"http_status": 500}})
    assert request(endpoint, name).status == 500


def test_a_target_group_without_pods_is_unavailable(
    stack: Stack, endpoint: str, elb: Any, set_faults: Callable[[object], None]
) -> None:
    _deploy(stack, to_group("Blue"))
    set_faults({"image:1": {"pods": 0}})

    assert request(endpoint, _name(elb, stack)).status == 503


def test_a_split_sets_a_cookie_that_keeps_the_client(stack: Stack, endpoint: str, elb: Any) -> None:
    _deploy(stack, split(100, 0))
    name = _name(elb, stack)
    first = request(endpoint, name)
    _deploy(stack, split(0, 100))

    cookie = first.cookie.partition(";")[0]
    assert request(endpoint, name, Cookie=cookie).body["image"] == "image:1"


def test_an_http_task_reaches_the_pods_with_the_key_of_its_connection(
    stack: Stack, aws: Callable[[str], Any], set_faults: Callable[[object], None]
) -> None:
    _deploy_behind_a_name(stack)
    smoke = _smoke(stack)

    found = run(aws("stepfunctions"), {"Smoke": smoke})
    assert (found["StatusCode"], found["ResponseBody"]["image"]) == (200, "image:1")

    set_faults({"image:1": {"http_status": 500}})
    error, _cause = run_failing(aws("stepfunctions"), {"Smoke": smoke})
    assert error == "States.Http.StatusCode.500"


def test_an_http_task_fails_at_an_unknown_host(stack: Stack, aws: Callable[[str], Any]) -> None:
    _deploy_behind_a_name(stack)
    smoke = _smoke(stack)
    smoke["Arguments"]["ApiEndpoint"] = "https://other.example.com/"

    error, cause = run_failing(aws("stepfunctions"), {"Smoke": smoke})

    assert (error, cause) == ("States.Http.Socket", "other.example.com: the host name is unknown")


@pytest.mark.parametrize(
    "faults",
    [
        [],
        {"image:1": {"heath": "unhealthy"}},
        {"image:1": {"health": "sick"}},
        {"image:1": {"pods": -1}},
        {"image:1": {"http_status": 0}},
    ],
)
def test_a_wrong_fault_is_refused_with_what_is_allowed(
    set_faults: Callable[[object], None], faults: object
) -> None:
    with pytest.raises(HTTPError, match="400") as refused:
        set_faults(faults)

    assert "allowed" in json.loads(refused.value.read())["message"]


def _deploy(
    stack: Stack,
    action: dict[str, Any],
    *objects: dict[str, Any],
    image: str = "image:1",
    replicas: int = 1,
    **more: dict[str, Any],
) -> str:
    resources = load_balancer(("Main", rule(10, action))) | more | {"Cluster": CLUSTER}
    resources["App"] = _custom(
        "KubernetesResource",
        Manifest={
            "Fn::Sub": json.dumps([_deployment(image, replicas), _SERVICE, _BINDING, *objects])
        },
    )
    resources["RollOut"] = _custom(
        "KubernetesObjectValue",
        ObjectType="deployment",
        ObjectName="web",
        JsonPath='.status.conditions[?(@.reason=="NewReplicaSetAvailable")].reason',
        Image=image,
    ) | {"DependsOn": "App"}
    return stack.deploy(resources)


def _deploy_behind_a_name(stack: Stack) -> None:
    key = {"ApiKeyName": HEADER, "ApiKeyValue": "secret"}
    connection = {
        "AuthorizationType": "API_KEY",
        "AuthParameters": {"ApiKeyAuthParameters": key},
    }
    alias = {"DNSName": {"Fn::GetAtt": ["Balancer", "DNSName"]}, "HostedZoneId": "Z35SXDOTRQ7X7K"}
    record = {"HostedZoneId": "Z0123456789IMPORTED", "Name": HOST, "Type": "A"}
    header = {"HttpHeaderName": HEADER, "Values": ["secret"]}
    condition = {"Field": "http-header", "HttpHeaderConfig": header}
    status = _deploy(
        stack,
        to_group("Green"),
        Connection={"Type": "AWS::Events::Connection", "Properties": connection},
        Record={"Type": "AWS::Route53::RecordSet", "Properties": record | {"AliasTarget": alias}},
        Probe={
            "Type": "AWS::ElasticLoadBalancingV2::ListenerRule",
            "Properties": rule(8, to_group("Blue"), condition),
        },
    )
    assert status == "CREATE_COMPLETE", stack.failures()


def _smoke(stack: Stack) -> dict[str, Any]:
    name = stack.physical_ids()["Connection"]
    connection = f"arn:aws:events:us-east-1:000000000000:connection/{name}/any"
    return task(
        "arn:aws:states:::http:invoke",
        {
            "ApiEndpoint": f"https://{HOST}/health/ready",
            "Method": "GET",
            "InvocationConfig": {"ConnectionArn": connection},
        },
    )


def _custom(kind: str, **properties: Any) -> dict[str, Any]:
    given = {"ServiceToken": "unused", "ClusterName": {"Ref": "Cluster"}} | properties
    return {"Type": f"Custom::AWSCDK-EKS-{kind}", "Properties": given}


_SERVICE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web"},
    "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 3001}]},
}
_BINDING: dict[str, Any] = {
    "apiVersion": "elbv2.k8s.aws/v1beta1",
    "kind": "TargetGroupBinding",
    "metadata": {"name": "web"},
    "spec": {
        "serviceRef": {"name": "web", "port": 80},
        "targetGroupARN": "${Blue}",
        "targetType": "ip",
    },
}


def _deployment(image: str, replicas: int) -> dict[str, Any]:
    container = {"name": "c", "image": image, "ports": [{"containerPort": 3001}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [container]},
            },
        },
    }


def _autoscaler(minimum: int) -> dict[str, Any]:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": {"scaleTargetRef": target, "minReplicas": minimum, "maxReplicas": 9},
    }


def _health(elb: Any, group: str) -> list[str]:
    found = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    return [target["TargetHealth"]["State"] for target in found]


def _name(elb: Any, stack: Stack) -> str:
    arn = stack.physical_ids()["Balancer"]
    balancer = elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]
    return str(balancer["LoadBalancerName"])
