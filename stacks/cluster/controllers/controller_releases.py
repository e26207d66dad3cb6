"""The Helm releases of the controllers, with their namespaces and IAM permissions."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_eks as eks_v1
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam

from constructs import Construct, IDependable
from k8s.charts import controller_disruption_budgets_chart, controller_namespaces_chart
from stacks.cluster.controllers.controller import Controller
from stacks.cluster.pod_identity import create_pod_role
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.names import to_pascal_case

_TIMEOUT = cdk.Duration.minutes(6)
"""The limit of an upgrade, and of the rollback after a failed one. Both must end within the 15
minutes of the Lambda function that runs Helm: otherwise the release stays `pending-upgrade`
(aws-cdk #22257)."""


class ControllerReleases(Construct):
    """A Helm release for each controller. The releases do not depend on each other."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        controllers: Sequence[Controller],
        cluster: eks.ICluster,
        cluster_name: str,
        dependencies: Sequence[IDependable],
    ) -> None:
        """Create the releases.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            controllers: The controllers to install.
            cluster: The cluster.
            cluster_name: The name of the cluster, as text.
            dependencies: What the pods need to run: nodes and DNS.
        """
        super().__init__(scope, construct_id)
        self._cluster = cluster
        self._cluster_name = cluster_name
        self.roles: dict[str, iam.Role] = {}
        """The IAM role of each controller that has permissions, by the controller's name."""
        namespaces = self._create_namespaces(controllers)
        self._create_disruption_budgets(controllers, namespaces)
        read_policy = self._create_read_policy(controllers)
        for controller in controllers:
            controller_scope = Construct(self, to_pascal_case(controller.name))
            permissions = self._create_permissions(controller_scope, controller, read_policy)
            release = self._create_release(controller_scope, controller)
            release.node.add_dependency(namespaces, *permissions, *dependencies)

    def _create_namespaces(self, controllers: Sequence[Controller]) -> eks.KubernetesManifest:
        return eks.KubernetesManifest(
            self,
            "Namespaces",
            cluster=self._cluster,
            manifest=controller_namespaces_chart(controller.name for controller in controllers),
        )

    def _create_disruption_budgets(
        self, controllers: Sequence[Controller], namespaces: IDependable
    ) -> None:
        """Create a PodDisruptionBudget for each Deployment that has several pods.

        The charts have no value for the eviction of unready pods. A single pod has no budget.
        """
        pod_labels = [
            (controller.name, deployment.pod_label)
            for controller in controllers
            if not controller.chart_has_disruption_budget
            for deployment in controller.deployments
            if deployment.replicas > 1
        ]
        if pod_labels:
            eks.KubernetesManifest(
                self,
                "DisruptionBudgets",
                cluster=self._cluster,
                manifest=controller_disruption_budgets_chart(pod_labels),
            ).node.add_dependency(namespaces)

    def _create_read_policy(self, controllers: Sequence[Controller]) -> iam.ManagedPolicy:
        """Create one policy with the read actions of all controllers.

        The actions return descriptions of the account's infrastructure and no stored data.
        A controller can therefore have the read actions of another one without harm.
        """
        actions = {action for controller in controllers for action in controller.read_actions}
        policy = iam.ManagedPolicy(
            self,
            "Reads",
            description=f"Controllers of {self._cluster_name}: descriptions and metrics",
            statements=[iam.PolicyStatement(sid="Read", actions=sorted(actions), resources=["*"])],
        )
        acknowledge(
            policy,
            "AwsSolutions-IAM5[Resource::*]",
            reason="Each action only reads descriptions or metrics, and supports no resource-level "
            "permissions (Service Authorization Reference). No action returns stored data. Only "
            "the controllers that declare read actions have this policy.",
        )
        return policy

    def _create_permissions(
        self, scope: Construct, controller: Controller, read_policy: iam.ManagedPolicy
    ) -> list[IDependable]:
        """Create the IAM role of the controller's pods, if it declares permissions.

        EKS gives a pod its role when the pod is created. The release must therefore depend on the
        returned constructs.
        """
        if not controller.read_actions and not controller.statements:
            return []
        role = create_pod_role(
            scope,
            "Role",
            cluster_name=self._cluster_name,
            namespace=controller.name,
            service_account=controller.service_account,
        )
        self.roles[controller.name] = role
        permissions: list[IDependable] = [role]
        if controller.read_actions:
            role.add_managed_policy(read_policy)
        if controller.statements:
            # A reference from the role, so that the association waits for the policy.
            role.add_managed_policy(_create_policy(scope, controller))
        permissions.append(
            eks_v1.CfnPodIdentityAssociation(
                scope,
                "Identity",
                cluster_name=self._cluster.cluster_name,
                namespace=controller.name,
                service_account=controller.service_account,
                role_arn=role.role_arn,
            )
        )
        return permissions

    def _create_release(self, scope: Construct, controller: Controller) -> eks.HelmChart:
        return eks.HelmChart(
            scope,
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


def _create_policy(scope: Construct, controller: Controller) -> iam.ManagedPolicy:
    policy = iam.ManagedPolicy(
        scope,
        "Policy",
        description=f"Pods of {controller.name}",
        statements=list(controller.statements),
    )
    if controller.wildcard_reason:
        acknowledge(policy, "AwsSolutions-IAM5[Resource::*]", reason=controller.wildcard_reason)
    return policy
