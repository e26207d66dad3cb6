"""Saved queries of CloudWatch Logs Insights for the analysis of incidents."""

from typing import NamedTuple

from aws_cdk import aws_logs as logs

from constructs import Construct
from k8s.names import NAMESPACE
from stacks.monitoring.log_groups import LogGroups
from stacks.shared.names import to_pascal_case


class Query(NamedTuple):
    """A query on one log group."""

    name: str
    """The last part of the query's name in the console."""
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
"""No query reads the load balancer's access log, because that is in S3. Its 5xx responses are in
errors-by-route, and those that the load balancer itself sends are on the dashboard."""


class LogQueries(Construct):
    """The saved queries, in a folder with the stage's resource name."""

    def __init__(
        self, scope: Construct, construct_id: str, *, name: str, log_groups: LogGroups
    ) -> None:
        """Create the query definitions.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            name: The name of the folder in the console.
            log_groups: The log groups that the queries read.
        """
        super().__init__(scope, construct_id)
        for query in QUERIES:
            log_group: logs.ILogGroup = getattr(log_groups, query.log_group)
            # The L2 would reorder the commands of the query, whose text people copy between this
            # file and the console.
            logs.CfnQueryDefinition(
                self,
                to_pascal_case(query.name),
                name=f"{name}/{query.name}",
                query_string=query.text,
                log_group_names=[log_group.log_group_name],
            )
