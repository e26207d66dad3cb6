"""What an IAM role of a stage may do: its policies in all templates, evaluated as IAM does.

The evaluation is that of the embedded AWS (`ministack.core.iam_evaluator`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ministack.core import iam_evaluator  # type: ignore[import-untyped]

from tests.synthesis import ACCOUNT, SynthesizedStage
from tests.template_values import TemplateValues

_POLICY_TYPES = ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy")


@dataclass(frozen=True)
class AttachedPolicy:
    """A policy that a template attaches to a role."""

    stack: str
    logical_id: str
    type: str
    """The type of its resource. An inline policy of a role has the type of the role."""
    document: Mapping[str, Any]
    """The policy document, without references."""


class RolePolicies:
    """The identity-based policies and the trust policy of a role."""

    def __init__(self, stage: SynthesizedStage, stack: str, logical_id: str) -> None:
        """Find a role by the stack that has it, and by its logical id."""
        self._stage = stage
        self._stack = stack
        self._logical_id = logical_id
        self._values = TemplateValues(stage)
        self.arn = self._values.arn(stack, logical_id)

    @classmethod
    def of_people(cls, stage: SynthesizedStage, role: str) -> "RolePolicies":
        """Return the policies of a role of the security stack, such as `on-call`."""
        name = stage.settings.resource_name(role)
        (logical_id,) = (
            key
            for key, resource in stage.resources("security", "AWS::IAM::Role").items()
            if resource["Properties"].get("RoleName") == name
        )
        return cls(stage, "security", logical_id)

    @cached_property
    def attached(self) -> list[AttachedPolicy]:
        """The policies of the role, from all stacks. AWS managed policies are not among them."""
        return list(self._find_attached())

    @cached_property
    def _parsed(self) -> list[Any]:
        return [iam_evaluator.parse_policy_document(policy.document) for policy in self.attached]

    def statements(self) -> Iterator[dict[str, Any]]:
        """Yield the statements of all policies, with lists of actions and resources."""
        for policy in self.attached:
            for statement in policy.document["Statement"]:
                yield statement | {
                    "Action": as_list(statement["Action"]),
                    "Resource": as_list(statement["Resource"]),
                }

    def allows(
        self, action: str, resource: str = "*", context: Mapping[str, Any] | None = None
    ) -> bool:
        """Return whether the identity-based policies allow a request.

        Args:
            action: The IAM action, such as `rds:CreateDBSnapshot`.
            resource: The ARN of the resource, or `*` for an action without resources.
            context: The values of condition keys, such as `{"aws:CalledVia": ["..."]}`.
        """
        request = self._request(self.arn, action, resource, context or {})
        return bool(iam_evaluator.evaluate(request, self._parsed).decision == "Allow")

    def trusts(
        self,
        principal_arn: str,
        context: Mapping[str, Any] | None = None,
        action: str = "sts:AssumeRole",
    ) -> bool:
        """Return whether the trust policy lets a principal assume the role.

        For a session of another role, `principal_arn` is the ARN of that role, as in
        `aws:PrincipalArn`.
        """
        properties = self._stage.templates[self._stack]["Resources"][self._logical_id]["Properties"]
        document = self._values.resolve(self._stack, properties["AssumeRolePolicyDocument"])
        request = self._request(principal_arn, action, self.arn, context or {})
        return bool(iam_evaluator.evaluate_trust_policy(document, principal_arn, request))

    def _request(
        self, principal_arn: str, action: str, resource: str, context: Mapping[str, Any]
    ) -> Any:
        return iam_evaluator.EvalContext(
            principal_arn=principal_arn,
            principal_type="AssumedRole",
            principal_account=ACCOUNT,
            action=action,
            resource_arn=resource,
            region=self._stage.settings.region,
            service_context={key.lower(): value for key, value in context.items()},
        )

    def _find_attached(self) -> Iterator[AttachedPolicy]:
        properties = self._stage.templates[self._stack]["Resources"][self._logical_id]["Properties"]
        for inline in properties.get("Policies", []):
            document = self._values.resolve(self._stack, inline["PolicyDocument"])
            yield AttachedPolicy(self._stack, self._logical_id, "AWS::IAM::Role", document)
        name = self._values.name(self._stack, self._logical_id)
        for stack, template in self._stage.templates.items():
            for logical_id, resource in template["Resources"].items():
                if resource["Type"] not in _POLICY_TYPES:
                    continue
                policy = resource["Properties"]
                if name in self._values.resolve(stack, policy.get("Roles", [])):
                    document = self._values.resolve(stack, policy["PolicyDocument"])
                    yield AttachedPolicy(stack, logical_id, resource["Type"], document)


def as_list(value: Any) -> list[Any]:
    """Return the items of a policy element that may be one value or a list."""
    return value if isinstance(value, list) else [value]
