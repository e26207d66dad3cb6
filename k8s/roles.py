"""RBAC: the roles of readers and on-call engineers, in addition to the access policies of EKS.

The access entry of an IAM role puts people into the Kubernetes groups below. It also gives them the
access policy AmazonEKSViewPolicy, which covers neither nodes nor custom resources. No role here
names secrets.
"""

from collections.abc import Sequence

from cdk8s_plus_28 import k8s

from constructs import Construct
from k8s.names import NAMESPACE, object_name, shared_labels

READERS = "spywatcher:readers"
ON_CALL = "spywatcher:on-call"

_RBAC = "rbac.authorization.k8s.io"
_READ = ("get", "list", "watch")
_CUSTOM_RESOURCES = (
    ("elbv2.k8s.aws", ("targetgroupbindings",)),
    ("external-secrets.io", ("externalsecrets", "secretstores")),
    ("keda.sh", ("scaledobjects", "triggerauthentications")),
)


def add_node_reader_role(scope: Construct) -> None:
    """Let readers run `kubectl get nodes`, and `kubectl top` for nodes and for all pods."""
    name = object_name("readers")
    metadata = k8s.ObjectMeta(name=name)
    k8s.KubeClusterRole(
        scope,
        "role-nodes",
        metadata=metadata,
        rules=[
            _rule([""], ["nodes"], _READ),
            _rule(["metrics.k8s.io"], ["nodes", "pods"], _READ),
        ],
    )
    k8s.KubeClusterRoleBinding(
        scope,
        "binding-nodes",
        metadata=metadata,
        role_ref=k8s.RoleRef(api_group=_RBAC, kind="ClusterRole", name=name),
        subjects=[k8s.Subject(kind="Group", name=READERS, api_group=_RBAC)],
    )


def add_reader_role(scope: Construct) -> None:
    """Let readers view the custom resources.

    An ExternalSecret holds the names of secrets, not their values.
    """
    rules = [_rule([group], resources, _READ) for group, resources in _CUSTOM_RESOURCES]
    _add_bound_role(scope, "readers", READERS, rules)


def add_on_call_role(scope: Construct) -> None:
    """Let on-call engineers restart, scale and roll back the application, and delete its Jobs.

    No rule names secrets. Whoever may patch a Deployment can nevertheless read every Secret of the
    namespace: a changed pod may mount any of them, or run any image with their values. RBAC cannot
    limit a patch to some fields ("Privilege escalation risks", Kubernetes).
    """
    rules = [
        _rule(["apps"], ["deployments"], ["patch"]),
        _rule(["apps"], ["deployments/scale"], ["get", "update", "patch"]),
        # To raise a minimum for some hours. KEDA overwrites a change of the autoscaler itself.
        _rule(["keda.sh"], ["scaledobjects"], ["patch"]),
        _rule([""], ["pods"], ["delete"]),
        _rule([""], ["pods/eviction"], ["create"]),
        _rule(["batch"], ["jobs"], ["delete"]),
    ]
    _add_bound_role(scope, "on-call", ON_CALL, rules)


def _rule(groups: Sequence[str], resources: Sequence[str], verbs: Sequence[str]) -> k8s.PolicyRule:
    return k8s.PolicyRule(api_groups=list(groups), resources=list(resources), verbs=list(verbs))


def _add_bound_role(scope: Construct, name: str, group: str, rules: list[k8s.PolicyRule]) -> None:
    """Add a role of the application's namespace, and bind it to a group."""
    metadata = k8s.ObjectMeta(name=object_name(name), namespace=NAMESPACE, labels=shared_labels())
    k8s.KubeRole(scope, f"role-{name}", metadata=metadata, rules=rules)
    k8s.KubeRoleBinding(
        scope,
        f"binding-{name}",
        metadata=metadata,
        role_ref=k8s.RoleRef(api_group=_RBAC, kind="Role", name=object_name(name)),
        subjects=[k8s.Subject(kind="Group", name=group, api_group=_RBAC)],
    )
