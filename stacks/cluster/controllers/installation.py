"""Installs the controllers: namespaces, roles, releases, in this order."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_eks as eks_v1
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam

from constructs import Construct, IDependable
from k8s.charts import controller_namespaces_chart
from stacks.cluster.controllers.controller import Controller
from stacks.cluster.pod_identity import pod_role
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.names import to_pascal_case

_TIMEOUT = cdk.Duration.minutes(6)
"""Of an upgrade, and of the roll-back after one that failed: both must end within the 15 minutes of
the function that runs Helm, or the release stays `pending-upgrade` (aws-cdk #22257)."""


class Installation(Construct):
    """Every controller, with the permissions that it declares."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        controllers: Sequence[Controller],
        cluster: eks.ICluster,
        cluster_name: str,
        after: Sequence[IDependable],
    ) -> None:
        """Install the controllers.

        Args:
            scope: where the construct lives.
            construct_id: its id there.
            controllers: what to install.
            cluster: where.
            cluster_name: its name, as text.
            after: what must be there for their pods to run: nodes and DNS.
        """
        super().__init__(scope, construct_id)
        self._cluster = cluster
        self._cluster_name = cluster_name
        self.controllers = {each.name: each for each in controllers}
        self.roles: dict[str, iam.Role] = {}
        namespaces = self._namespaces()
        reads = self._reads()
        for controller in controllers:
            part = Construct(self, to_pascal_case(controller.name))
            permissions = self._permit(part, controller, reads)
            release = self._release(part, controller)
            release.node.add_dependency(namespaces, *permissions, *after)

    def _namespaces(self) -> eks.KubernetesManifest:
        """Make a namespace for each, that takes restricted pods only."""
        return eks.KubernetesManifest(
            self,
            "Namespaces",
            cluster=self._cluster,
            manifest=controller_namespaces_chart(self.controllers),
        )

    def _reads(self) -> iam.ManagedPolicy:
        """Make one policy of all that knows no narrower resource.

        One for all of them: it names descriptions of the account's infrastructure and no stored
        data, so that to know more of it than one needs does no harm.
        """
        actions = sorted({action for each in self.controllers.values() for action in each.reads})
        policy = iam.ManagedPolicy(
            self,
            "Reads",
            description=f"Controllers of {self._cluster_name}: descriptions and metrics",
            statements=[iam.PolicyStatement(sid="Read", actions=actions, resources=["*"])],
        )
        acknowledge(
            policy,
            "AwsSolutions-IAM5[Resource::*]",
            reason="Each action reads descriptions or metrics and knows no narrower resource "
            "(Service Authorization Reference); none returns stored data, none changes anything. "
            "Pod Identity gives the policy to the controllers that declare a need alone.",
        )
        return policy

    def _permit(
        self, part: Construct, controller: Controller, reads: iam.ManagedPolicy
    ) -> list[IDependable]:
        """Give the controller's pods a role, before they start: they get it as they are made."""
        if not controller.reads and not controller.grants:
            return []
        role = pod_role(
            part,
            "Role",
            cluster_name=self._cluster_name,
            namespace=controller.name,
            service_account=controller.service_account,
        )
        self.roles[controller.name] = role
        made: list[IDependable] = [role]
        if controller.reads:
            role.add_managed_policy(reads)
        if controller.grants:
            made.append(_policy(part, controller, role))
        made.append(
            eks_v1.CfnPodIdentityAssociation(
                part,
                "Identity",
                cluster_name=self._cluster.cluster_name,
                namespace=controller.name,
                service_account=controller.service_account,
                role_arn=role.role_arn,
            )
        )
        return made

    def _release(self, part: Construct, controller: Controller) -> eks.HelmChart:
        return eks.HelmChart(
            part,
            "Release",
            cluster=self._cluster,
            release=controller.name,
            namespace=controller.name,
            create_namespace=False,
            repository=controller.chart.repository,
            chart=controller.chart.name,
            version=controller.chart.version,
            values=controller.values,
            wait=True,
            atomic=True,
            timeout=_TIMEOUT,
        )


def _policy(part: Construct, controller: Controller, role: iam.Role) -> iam.ManagedPolicy:
    policy = iam.ManagedPolicy(
        part,
        "Policy",
        description=f"Pods of {controller.name}",
        roles=[role],
        statements=[
            iam.PolicyStatement(
                actions=list(grant.actions),
                resources=list(grant.resources),
                conditions=grant.conditions,
            )
            for grant in controller.grants
        ],
    )
    for grant in controller.grants:
        if grant.wildcard_because:
            findings = [f"AwsSolutions-IAM5[Resource::{arn}]" for arn in grant.resources]
            acknowledge(policy, *findings, reason=grant.wildcard_because)
    return policy
