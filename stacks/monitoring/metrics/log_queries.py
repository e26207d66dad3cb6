"""Saved queries of CloudWatch Logs Insights: the questions that an incident asks."""

from typing import NamedTuple, cast

from aws_cdk import aws_logs as logs

from constructs import Construct
from k8s.names import NAMESPACE
from stacks.monitoring.log_groups import LogGroups
from stacks.shared.names import to_pascal_case


class Query(NamedTuple):
    """A question, and where its answer is."""

    question: str
    """The last part of its name in the console."""
    log_group: str
    """The name of a field of `LogGroups`."""
    text: str


_BACKEND = f'kubernetes.namespace_name = "{NAMESPACE}" and kubernetes.container_name = "backend"'

KUBERNETES_CHANGES = Query(
    "who-changed-what-in-kubernetes",
    "control_plane",
    """\
fields @timestamp, user.username as who, verb,
  objectRef.resource as resource, objectRef.namespace as namespace, objectRef.name as name
| filter @logStream like /kube-apiserver-audit/
| filter verb in ["create", "update", "patch", "delete"] and responseStatus.code < 300
| filter user.username not like /^system:/ and objectRef.resource not in ["leases", "events"]
| sort @timestamp desc
| limit 50""",
)
AWS_CHANGES = Query(
    "who-changed-what-in-aws",
    "trail",
    """\
fields @timestamp, userIdentity.arn as who, eventSource as service, eventName as call,
  errorCode as error
| filter eventName not like /^(Get|List|Describe|Lookup|BatchGet|Head)/
| filter eventName not like /^(Assume|Decrypt|GenerateDataKey)/
| filter userIdentity.type != "AWSService"
| sort @timestamp desc
| limit 50""",
)

QUERIES = (
    Query(
        "slowest-requests",
        "application",
        f"""\
fields @timestamp, log_processed.method, log_processed.route, log_processed.status,
  log_processed.durationMs, log_processed.requestId
| filter {_BACKEND} and log_processed.event = "api_request"
| sort log_processed.durationMs desc
| limit 50""",
    ),
    Query(
        "slow-routes",
        "application",
        f"""\
filter {_BACKEND} and log_processed.event = "api_request"
| stats count(*) as requests, pct(log_processed.durationMs, 50) as p50,
  pct(log_processed.durationMs, 95) as p95, pct(log_processed.durationMs, 99) as p99
  by log_processed.method, log_processed.route
| sort p95 desc
| limit 50""",
    ),
    Query(
        "errors-by-route",
        "application",
        f"""\
filter {_BACKEND} and log_processed.event = "api_request" and log_processed.status >= 500
| stats count(*) as errors, latest(log_processed.requestId) as example
  by log_processed.method, log_processed.route, log_processed.status
| sort errors desc
| limit 50""",
    ),
    Query(
        "errors-logged",
        "application",
        f"""\
fields @timestamp, log_processed.message, log_processed.requestId, kubernetes.pod_name, log
| filter {_BACKEND}
| filter log_processed.level = "error" or stream = "stderr"
| sort @timestamp desc
| limit 100""",
    ),
    Query(
        "one-request",
        "application",
        f"""\
fields @timestamp, log_processed.level, log_processed.message, kubernetes.pod_name, log
| filter kubernetes.namespace_name = "{NAMESPACE}"
| filter log_processed.requestId = "PUT-THE-REQUEST-ID-HERE"
| sort @timestamp asc
| limit 500""",
    ),
    Query(
        "failed-sign-ins",
        "application",
        f"""\
filter {_BACKEND} and log_processed.event = "sign_in_failed"
| stats count(*) as failures by log_processed.reason, bin(5m)
| sort failures desc
| limit 100""",
    ),
    Query(
        "containers-that-failed",
        "nodes",
        """\
fields @timestamp, hostname, message
| filter systemd_unit = "kubelet.service"
| filter message like /(?i)(CrashLoopBackOff|OOMKill|ErrImagePull|ImagePullBackOff|Evict|unhealthy)/
| sort @timestamp desc
| limit 100""",
    ),
    Query(
        "slow-statements",
        "postgresql",
        """\
fields @timestamp, @message
| parse @message "duration: * ms" as milliseconds
| filter ispresent(milliseconds)
| sort milliseconds desc
| limit 50""",
    ),
    Query(
        "refused-logins",
        "postgresql",
        """\
fields @timestamp, @message
| filter @message like /FATAL/
| sort @timestamp desc
| limit 100""",
    ),
    Query(
        "locks-and-deadlocks",
        "postgresql",
        """\
fields @timestamp, @message
| filter @message like /(still waiting for|acquired .*Lock|deadlock detected)/
| sort @timestamp desc
| limit 100""",
    ),
    Query(
        "slow-commands",
        "redis_slow_log",
        """\
fields @timestamp, CacheClusterId, ClientAddress, Command, `Duration (us)` as microseconds
| sort microseconds desc
| limit 50""",
    ),
    Query(
        "blocked-requests",
        "firewall",
        """\
filter action = "BLOCK"
| stats count(*) as requests, latest(httpRequest.uri) as example
  by terminatingRuleId, httpRequest.clientIp, httpRequest.country
| sort requests desc
| limit 50""",
    ),
    Query(
        "rejected-flows-to-the-data-stores",
        "flows",
        """\
filter action = "REJECT" and dstPort in [5432, 6379]
| stats count(*) as flows, sum(packets) as packets by srcAddr, dstAddr, dstPort
| sort flows desc
| limit 50""",
    ),
    Query(
        "who-read-a-secret",
        "trail",
        """\
fields @timestamp, userIdentity.arn, requestParameters.secretId, sourceIPAddress, errorCode
| filter eventSource = "secretsmanager.amazonaws.com" and eventName = "GetSecretValue"
| sort @timestamp desc
| limit 100""",
    ),
    Query(
        "refused-calls-to-aws",
        "trail",
        """\
filter errorCode like /AccessDenied|UnauthorizedOperation/
| stats count(*) as calls by userIdentity.arn, eventSource, eventName
| sort calls desc
| limit 50""",
    ),
    AWS_CHANGES,
    KUBERNETES_CHANGES,
)
"""The load balancer's access log is not among them: it goes to S3, which Logs Insights cannot read;
its 5xx are in errors-by-route, and those of the load balancer alone on the dashboard."""


class LogQueries(Construct):
    """The queries, in a folder of the stage's name."""

    def __init__(
        self, scope: Construct, construct_id: str, *, name: str, log_groups: LogGroups
    ) -> None:
        """Save them.

        Args:
            scope: where the construct lives.
            construct_id: its id there.
            name: the folder in the console.
            log_groups: what they read.
        """
        super().__init__(scope, construct_id)
        names = {
            field: cast(logs.ILogGroup, getattr(log_groups, field)).log_group_name
            for field in {query.log_group for query in QUERIES}
        }
        for query in QUERIES:
            # Not the L2: it puts the commands in an order of its own, and a person copies this
            # text between here and the console.
            logs.CfnQueryDefinition(
                self,
                to_pascal_case(query.question),
                name=f"{name}/{query.question}",
                query_string=query.text,
                log_group_names=[names[query.log_group]],
            )
