"""An AWS account that answers API calls in this process, and a simulated internet."""

import json
from collections.abc import Callable, Mapping
from email.message import Message
from typing import Any

import boto3
import botocore.session
import yaml
from botocore.awsrequest import AWSResponse
from botocore.loaders import create_loader

from settings import StageSettings, load_stage
from settings.versions import ADD_ONS, CHARTS
from tests.tools.operations.test_application_secret import COMPLETE
from tools.operations.preflight import http
from tools.operations.preflight.api_calls import ApiCall, ApiCallRecorder

ACCOUNT = "111122223333"
REGION = "us-east-1"
NAME_SERVERS = ["ns-1.awsdns-01.com", "ns-2.awsdns-02.net"]
INDEX = "application/vnd.oci.image.index.v1+json"
_ACCOUNT_RESOURCES = (
    "AWS::IAM::OIDCProvider",
    "AWS::AccessAnalyzer::Analyzer",
    "AWS::GuardDuty::Detector",
    "AWS::Config::ConfigurationRecorder",
)
_LOADER = create_loader()
"""Keeps the service models that it has read. Each session would otherwise read them again."""

Answer = Mapping[str, Any] | Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""The response to an API call, or a function of its parameters that returns the response."""


class ApiError(Exception):
    """An error that AWS returns."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


def stage_settings(stage: str = "production", **changes: Any) -> StageSettings:
    """Return the settings of a stage, with a domain that is not an example."""
    settings = load_stage(stage)
    domain = settings.domain.model_copy(
        update={
            "name": f"{stage}.spywatcher.dev",
            "hosted_zone_id": "Z1111111111111",
            "hosted_zone_name": "spywatcher.dev",
        }
    )
    return settings.model_copy(update={"domain": domain, "deletion_protection": False, **changes})


class SimulatedAccount:
    """An account with the account stack, in which a stage can be deployed for the first time.

    A test changes the answer to one API call, by its IAM action.
    """

    def __init__(self, settings: StageSettings) -> None:
        self.settings = settings
        self.answers: dict[str, Answer] = _answers(settings)
        botocore_session = botocore.session.Session()
        botocore_session.register_component("data_loader", _LOADER)
        botocore_session.set_credentials("key", "secret")
        self.session = boto3.Session(botocore_session=botocore_session, region_name=REGION)
        self._parameters: Mapping[str, Any] = {}
        self._recorder = ApiCallRecorder(self.session)
        self.session.events.register("before-call", self._answer)

    @property
    def calls(self) -> list[ApiCall]:
        """The calls until now."""
        return self._recorder.calls

    def _answer(self, **_: Any) -> tuple[AWSResponse, Mapping[str, Any]]:
        call = self.calls[-1]
        answer = self.answers[call.action]
        try:
            body = answer(call.parameters) if callable(answer) else answer
        except ApiError as error:
            details = {"Code": error.code, "Message": error.message}
            return _response(400), {"Error": details, "ResponseMetadata": {}}
        return _response(200), body


def refuse(code: str, message: str = "") -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    """Return an answer that is an error."""

    def answer(_: Mapping[str, Any]) -> Mapping[str, Any]:
        raise ApiError(code, message)

    return answer


def _response(status: int) -> AWSResponse:
    return AWSResponse("https://aws", status, {}, None)


def _quota(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    values = {"L-1216C47A": 64, "L-0263D0A3": 5, "L-F678F1CE": 5}
    return {"Quota": {"Value": float(values[parameters["QuotaCode"]])}}


def _add_ons(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    versions = ADD_ONS[parameters["kubernetesVersion"]][parameters["addonName"]]
    return {"addons": [{"addonVersions": [{"addonVersion": version} for version in versions]}]}


def _answers(settings: StageSettings) -> dict[str, Answer]:
    zones = settings.availability_zones
    node_type = settings.cluster.nodes.instance_type
    return {
        "access-analyzer:ListAnalyzers": {"analyzers": [{"name": "spywatcher-account-analyzer"}]},
        "acm:ListCertificates": {"CertificateSummaryList": []},
        "cloudformation:DescribeStackResources": {
            "StackResources": [
                {"ResourceType": resource_type, "ResourceStatus": "CREATE_COMPLETE"}
                for resource_type in _ACCOUNT_RESOURCES
            ]
        },
        "cloudformation:DescribeStacks": refuse("ValidationError", "Stack does not exist"),
        "config:DescribeConfigurationRecorders": {"ConfigurationRecorders": [{"name": "own"}]},
        "ec2:DescribeAddresses": {"Addresses": []},
        "ec2:DescribeAvailabilityZones": {
            "AvailabilityZones": [
                {"ZoneName": zone, "ZoneId": f"use1-az{number}", "State": "available"}
                for number, zone in zip((1, 2, 4), zones, strict=True)
            ]
        },
        "ec2:DescribeInstanceTypeOfferings": {
            "InstanceTypeOfferings": [
                {"InstanceType": node_type, "Location": zone} for zone in zones
            ]
        },
        "ec2:DescribeInstances": {"Reservations": []},
        "ec2:DescribeVpcs": {"Vpcs": [{"IsDefault": True}]},
        "eks:DescribeAddonVersions": _add_ons,
        "eks:DescribeClusterVersions": {
            "clusterVersions": [
                {"clusterVersion": version, "versionStatus": status}
                for version, status in (("1.35", "STANDARD_SUPPORT"), ("1.28", "UNSUPPORTED"))
            ]
        },
        "elasticache:DescribeCacheEngineVersions": {
            "CacheEngineVersions": [{"EngineVersion": version} for version in ("7.0.7", "7.1.0")]
        },
        "elasticache:DescribeReservedCacheNodesOfferings": {
            "ReservedCacheNodesOfferings": [
                {"CacheNodeType": settings.cache.node_type, "ProductDescription": "redis"}
            ]
        },
        "guardduty:ListDetectors": {"DetectorIds": ["own"]},
        "iam:GetOpenIDConnectProvider": {"Url": "token.actions.githubusercontent.com"},
        "iam:GetRole": {"Role": {}},
        "lambda:GetAccountSettings": {
            "AccountLimit": {"ConcurrentExecutions": 10, "UnreservedConcurrentExecutions": 10}
        },
        "rds:DescribeDBEngineVersions": {"DBEngineVersions": [{"EngineVersion": "15.17"}]},
        "rds:DescribeOrderableDBInstanceOptions": {
            "OrderableDBInstanceOptions": [
                {
                    "StorageType": "gp3",
                    "MultiAZCapable": True,
                    "AvailabilityZones": [{"Name": zone} for zone in zones],
                }
            ]
        },
        "route53:GetHostedZone": {
            "HostedZone": {"Name": "spywatcher.dev.", "Config": {"PrivateZone": False}},
            "DelegationSet": {"NameServers": NAME_SERVERS},
        },
        "route53:ListResourceRecordSets": {"ResourceRecordSets": []},
        "secretsmanager:GetSecretValue": {"SecretString": json.dumps(COMPLETE)},
        "servicequotas:GetServiceQuota": _quota,
        "ssm:GetParameter": {"Parameter": {"Value": "30"}},
        "sts:GetCallerIdentity": {
            "Account": ACCOUNT,
            "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/owner/you",
        },
    }


class SimulatedInternet:
    """Hosts that answer HTTP requests. A test changes the response to a URL by its beginning."""

    def __init__(self) -> None:
        self.responses: dict[str, http.Response | http.UnreachableError] = {
            "https://dns.google/resolve": json_response(
                {"Answer": [{"data": f"{server}."} for server in NAME_SERVERS]}
            ),
            "https://ghcr.io/v2/": json_response(image_index("linux/amd64", "linux/arm64")),
            "https://registry-1.docker.io/v2/": json_response(image_index("linux/amd64")),
            "https://public.ecr.aws/v2/": json_response(image_index("linux/amd64")),
        }
        for chart in CHARTS.values():
            index = {"entries": {chart.name: [{"version": chart.version}]}}
            body = yaml.safe_dump(index).encode()
            self.responses[f"{chart.repository}/index.yaml"] = http.Response(200, Message(), body)

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> http.Response:
        """Return the response of the longest URL that the requested one begins with."""
        response = self.responses[max((u for u in self.responses if url.startswith(u)), key=len)]
        if isinstance(response, Exception):
            raise response
        return response


def json_response(body: object, status: int = 200, **headers: str) -> http.Response:
    """Return a response with a JSON document."""
    message = Message()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return http.Response(status, message, json.dumps(body).encode())


def image_index(*platforms: str) -> Mapping[str, Any]:
    """Return the index of an image for some platforms, such as linux/amd64."""
    pairs = [platform.split("/") for platform in platforms]
    return {"manifests": [{"platform": {"os": os, "architecture": arch}} for os, arch in pairs]}
