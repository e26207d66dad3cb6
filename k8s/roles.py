"""What people may do in the namespace, beside AWS's access policies.

Readers have Kubernetes' `view` from their access entry, which knows no custom resource. Who is on
call may do what the operators' page asks for, and read no secret.
"""

from collections.abc import Sequence

from cdk8s_plus_28 import k8s

from constructs import Construct
from k8s.names import NAMESPACE, object_name, shared_labels

READERS = "spywatcher:readers"
ON_CALL = "spywatcher:on-call"
"""Kubernetes groups, which access entries give to IAM roles."""

_RBAC = "rbac.authorization.k8s.io"
_READ = ("get", "list", "watch")
_CUSTOM = (
    ("elbv2.k8s.aws", ("targetgroupbindings",)),
    ("external-secrets.io", ("externalsecrets", "secretstores")),
    ("keda.sh", ("scaledobjects", "triggerauthentications")),
)


def node_reader_role(scope: Construct) -> None:
    """Let readers `kubectl get nodes` and `kubectl top nodes`, which `view` leaves out."""
    name = object_name("readers")
    k8s.KubeClusterRole(
        scope,
        "role-nodes",
        metadata=k8s.ObjectMeta(name=name),
        rules=[_rule([group], ["nodes"], _READ) for group in ("", "metrics.k8s.io")],
    )
    k8s.KubeClusterRoleBinding(
        scope,
        "binding-nodes",
        metadata=k8s.ObjectMeta(name=name),
        role_ref=k8s.RoleRef(api_group=_RBAC, kind="ClusterRole", name=name),
        subjects=[k8s.Subject(kind="Group", name=READERS, api_group=_RBAC)],
    )


def reader_role(scope: Construct) -> None:
    """Let readers see the custom resources, and what pods use (`kubectl top pods`).

    An ExternalSecret names secrets and holds none.
    """
    rules = [_rule([group], resources, _READ) for group, resources in _CUSTOM]
    rules.append(_rule(["metrics.k8s.io"], ["pods"], ["get", "list"]))
    _bind(scope, "readers", READERS, rules)


def on_call_role(scope: Construct) -> None:
    """Let who is on call restart, scale, roll back and rerun, in this namespace alone."""
    rules = [
        _rule(["apps"], ["deployments"], ["patch"]),
        _rule(["apps"], ["deployments/scale"], ["get", "update", "patch"]),
        # A minimum for some hours; KEDA writes the autoscalers that it has adopted.
        _rule(["autoscaling"], ["horizontalpodautoscalers"], ["patch"]),
        _rule(["keda.sh"], ["scaledobjects"], ["patch"]),
        _rule([""], ["pods"], ["delete"]),
        _rule([""], ["pods/eviction"], ["create"]),
        _rule(["batch"], ["jobs"], ["delete"]),
    ]
    _bind(scope, "on-call", ON_CALL, rules)


def _rule(groups: Sequence[str], resources: Sequence[str], verbs: Sequence[str]) -> k8s.PolicyRule:
    return k8s.PolicyRule(api_groups=list(groups), resources=list(resources), verbs=list(verbs))


def _bind(scope: Construct, name: str, group: str, rules: list[k8s.PolicyRule]) -> None:
    metadata = k8s.ObjectMeta(name=object_name(name), namespace=NAMESPACE, labels=shared_labels())
    k8s.KubeRole(scope, f"role-{name}", metadata=metadata, rules=rules)
    k8s.KubeRoleBinding(
        scope,
        f"binding-{name}",
        metadata=metadata,
        role_ref=k8s.RoleRef(api_group=_RBAC, kind="Role", name=object_name(name)),
        subjects=[k8s.Subject(kind="Group", name=group, api_group=_RBAC)],
    )
