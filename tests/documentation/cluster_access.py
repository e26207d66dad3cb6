"""What a role of people may do in the Kubernetes API: its access entry, and RBAC in the manifests.

The rules of the access policies are those of "Review access policy permissions" (Amazon EKS User
Guide), read on 2026-11-25.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.synthesis import SynthesizedStage
from tests.template_values import TemplateValues
from tools.templates.text import as_text


@dataclass(frozen=True)
class KubernetesRequest:
    """A request that the Kubernetes API authorizes."""

    verb: str
    group: str
    resource: str
    namespace: str = ""
    """Empty for all namespaces, and for resources without a namespace."""


@dataclass(frozen=True)
class Rule:
    """A rule of an access policy or of a role. `*` matches everything."""

    groups: frozenset[str]
    resources: frozenset[str]
    verbs: frozenset[str]
    namespace: str = ""
    """Empty for all namespaces."""

    def allows(self, request: KubernetesRequest) -> bool:
        """Return whether the rule allows a request."""
        return (
            bool({"*", request.group} & self.groups)
            and bool({"*", request.resource} & self.resources)
            and bool({"*", request.verb} & self.verbs)
            and self.namespace in ("", request.namespace)
        )


def _viewed(group: str, resources: str) -> Rule:
    return Rule(
        frozenset([group]), frozenset(resources.split()), frozenset(["get", "list", "watch"])
    )


_ACCESS_POLICIES = {
    "AmazonEKSClusterAdminPolicy": [Rule(frozenset("*"), frozenset("*"), frozenset("*"))],
    "AmazonEKSAdminViewPolicy": [_viewed("*", "*")],
    "AmazonEKSViewPolicy": [
        _viewed(
            "apps",
            "controllerrevisions daemonsets daemonsets/status deployments deployments/scale "
            "deployments/status replicasets replicasets/scale replicasets/status statefulsets "
            "statefulsets/scale statefulsets/status",
        ),
        _viewed("autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status"),
        _viewed("batch", "cronjobs cronjobs/status jobs jobs/status"),
        _viewed("discovery.k8s.io", "endpointslices"),
        _viewed("networking.k8s.io", "ingresses ingresses/status networkpolicies"),
        _viewed("policy", "poddisruptionbudgets poddisruptionbudgets/status"),
        _viewed(
            "",
            "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods "
            "replicationcontrollers replicationcontrollers/scale serviceaccounts services "
            "services/status",
        ),
        _viewed(
            "",
            "bindings events limitranges namespaces/status pods/log pods/status "
            "replicationcontrollers/status resourcequotas resourcequotas/status",
        ),
        _viewed("", "namespaces"),
    ],
}


class ClusterAccess:
    """The rules of the access entry of a role of people."""

    def __init__(self, stage: SynthesizedStage, role: str) -> None:
        """Find the access entry of a role, such as `on-call`."""
        self._stage = stage
        self.rules = list(self._find_rules(stage.settings.resource_name(role)))

    def allows(self, request: KubernetesRequest) -> bool:
        """Return whether a rule allows a request."""
        return any(rule.allows(request) for rule in self.rules)

    def _find_rules(self, role: str) -> Iterator[Rule]:
        values = TemplateValues(self._stage)
        for resource in self._stage.resources("cluster", "AWS::EKS::AccessEntry").values():
            entry = values.resolve("cluster", resource["Properties"])
            if not entry["PrincipalArn"].endswith(f"role/{role}"):
                continue
            for policy in entry["AccessPolicies"]:
                assert policy["AccessScope"]["Type"] == "cluster"
                yield from _ACCESS_POLICIES[policy["PolicyArn"].rpartition("/")[2]]
            yield from self._rules_of_groups(set(entry.get("KubernetesGroups", [])))

    def _rules_of_groups(self, groups: set[str]) -> Iterator[Rule]:
        objects = list(self._objects())
        for binding in objects:
            if binding["kind"] not in ("ClusterRoleBinding", "RoleBinding"):
                continue
            subjects = {each["name"] for each in binding["subjects"] if each["kind"] == "Group"}
            if not subjects & groups:
                continue
            namespace = binding["metadata"].get("namespace", "")
            reference = binding["roleRef"]
            for role in objects:
                metadata = role["metadata"]
                if (role["kind"], metadata["name"]) == (reference["kind"], reference["name"]):
                    for rule in role["rules"]:
                        yield Rule(
                            frozenset(rule["apiGroups"]),
                            frozenset(rule["resources"]),
                            frozenset(rule["verbs"]),
                            namespace,
                        )

    def _objects(self) -> Iterator[dict[str, Any]]:
        yield from self._stage.manifests()
        kind = "Custom::AWSCDK-EKS-KubernetesResource"
        for resource in self._stage.resources("cluster", kind).values():
            yield from json.loads(as_text(resource["Properties"]["Manifest"]))
