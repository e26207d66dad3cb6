"""Finds the uses of keys, buckets, topics and functions that policies do not allow.

`ministack.core.iam_evaluator` evaluates the policies as AWS documents it: a key policy must allow a
request, and a statement for the account alone only lets IAM policies decide.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from aws_cdk.region_info import RegionInfo
from ministack.core.iam_evaluator import (  # type: ignore[import-untyped]
    EvalContext,
    combine_resource_policy,
    evaluate,
    evaluate_resource_policy,
    parse_policy_document,
)

from tests.rules.names import arn, as_deployed
from tests.rules.principals import (
    AN_OBJECT,
    SDK_CALLS,
    Access,
    Caller,
    LoadBalancerLogs,
    RoleIn,
    RolesAllowed,
    Service,
    ServiceLinkedRole,
    ServicesOf,
    UseRule,
)
from tests.rules.stage_graph import StageGraph, Use
from tests.synthesis import ACCOUNT
from tools.guard.reference import ResourceId, find_references

USED_TYPES = ("AWS::KMS::Key", "AWS::S3::Bucket", "AWS::SNS::Topic", "AWS::Lambda::Function")
POLICY_TYPES = (
    *("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy", "AWS::IAM::Role", "AWS::Lambda::Permission"),
    *("AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy"),
)
"""The types whose properties grant permissions, and are evaluated instead of being uses."""

Policy = Mapping[str, Any]
_ALLOW_ALL = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}


@dataclass(frozen=True)
class _Requester:
    """A principal as a request shows it to the evaluation."""

    arn: str
    """Empty for a service principal."""
    service: str = ""
    identity_policies: tuple[Policy, ...] = ()


class Permissions:
    """The policies of a stage, and whether they allow what the rules say."""

    def __init__(self, graph: StageGraph, rules: Sequence[UseRule]) -> None:
        self._graph = graph
        self._rules = rules
        self.used_rules: set[UseRule] = set()

    def uses(self) -> list[Use]:
        """Return the uses of keys, buckets, topics and functions, without those by policies."""
        return [
            use
            for use in self._graph.uses
            if self._graph.type(use.target) in USED_TYPES
            and self._graph.type(use.user) not in POLICY_TYPES
            and use.user != use.target
        ]

    def rule(self, use: Use) -> UseRule | None:
        """Return the rule about a use, or None if there is none."""
        user, target = self._graph.type(use.user), self._graph.type(use.target)
        for rule in self._rules:
            is_of_pair = (rule.target, rule.property) == (target, use.property)
            if is_of_pair and fnmatchcase(user, rule.user):
                self.used_rules.add(rule)
                return rule
        return None

    def principals(self, use: Use) -> set[str] | None:
        """Return who acts on the target of a use: ARNs and service principals.

        The result is None if no rule says so.
        """
        rule = self.rule(use)
        if rule is None:
            return None
        requesters = (self._requesters(use, access) for access in rule.accesses)
        return {each.service or each.arn for found in requesters for each, _, _ in found}

    def findings(self) -> list[str]:
        """Return a sentence for each use without a rule, and for each request that is denied."""
        return [finding for use in self.uses() for finding in self._findings(use)]

    def _findings(self, use: Use) -> Iterator[str]:
        rule = self.rule(use)
        if rule is None:
            user, target = self._graph.type(use.user), self._graph.type(use.target)
            yield (
                f"{use.user}: no rule for {target} in {user} {use.property}; add one to "
                "USE_RULES in tests/rules/use_rules.py: who acts on it, with which actions and "
                "condition keys, and which page of AWS says so"
            )
            return
        for access in rule.accesses:
            for requester, name, context in self._requesters(use, access):
                for action in self._actions(use, access):
                    if not self._allows(use, access, requester, action, context):
                        yield (
                            f"{use.user}: {name} may not {action} on {use.target}, as "
                            f"{use.property} needs ({rule.source})"
                        )

    def _requesters(
        self, use: Use, access: Access
    ) -> Iterator[tuple[_Requester, str, Mapping[str, str]]]:
        """Yield the principals of an access, with their names and their condition keys."""
        by, context = access.by, self._filled(use, access.context)
        match by:
            case Caller():
                role = f"arn:aws:iam::{ACCOUNT}:role/cloudformation-execution"
                yield _Requester(role, identity_policies=(_ALLOW_ALL,)), str(by), context
            case Service(name):
                name = name.format(region=self._graph.region)
                yield _Requester("", service=name), name, context
            case ServiceLinkedRole(name):
                role = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/{name}"
                yield _Requester(role), str(by), context
            case LoadBalancerLogs():
                yield self._load_balancer_logs(), str(by), context
            case RoleIn(property_name):
                role_id = self._role_in(use.user, property_name)
                yield self._role(role_id), str(role_id), context
            case RolesAllowed(action):
                for role_id in self._graph.of_type("AWS::IAM::Role"):
                    if self._examples(role_id, action, arn(self._graph, use.user)):
                        yield self._role(role_id), str(role_id), context
            case ServicesOf():
                for further_use in self.uses():
                    rule = self.rule(further_use) if further_use.target == use.user else None
                    for further in rule.accesses if rule else ():
                        if isinstance(further.by, Service):
                            yield from self._requesters(further_use, further)

    def _load_balancer_logs(self) -> _Requester:
        account = RegionInfo.get(self._graph.region).elbv2_account
        if account is None:
            return _Requester("", service="logdelivery.elasticloadbalancing.amazonaws.com")
        return _Requester(f"arn:aws:iam::{account}:root")

    def _actions(self, use: Use, access: Access) -> Sequence[str]:
        if access.actions != SDK_CALLS:
            return access.actions
        return _sdk_calls(self._graph, use)

    def _allows(
        self,
        use: Use,
        access: Access,
        requester: _Requester,
        action: str,
        context: Mapping[str, str],
    ) -> bool:
        target = arn(self._graph, use.target)
        if access.on == AN_OBJECT:
            objects = _examples(requester.identity_policies, action, f"{target}/")
            return any(self._decide(use, requester, action, each, context) for each in objects)
        suffix = self._filled(use, {"on": access.on})["on"]
        return self._decide(use, requester, action, target + suffix, context)

    def _decide(
        self,
        use: Use,
        requester: _Requester,
        action: str,
        resource: str,
        context: Mapping[str, str],
    ) -> bool:
        is_foreign = f":{ACCOUNT}:" not in requester.arn
        request = EvalContext(
            principal_arn=requester.arn,
            principal_type="AssumedRole",
            principal_account=requester.arn.split(":")[4] if requester.arn else "",
            action=action,
            resource_arn=resource,
            region=self._graph.region,
            source_ip="",
            secure_transport=True,
            service_context={key.lower(): value for key, value in context.items()},
        )
        policy = self._resource_policy(use.target)
        if is_foreign:
            decision = evaluate_resource_policy(policy, request, service=requester.service or None)
            return bool(decision.decision == "Allow")
        documents = [parse_policy_document(each) for each in requester.identity_policies]
        identity = evaluate(request, documents)
        result = combine_resource_policy(
            identity,
            request,
            policy,
            ACCOUNT,
            required=self._graph.type(use.target) == "AWS::KMS::Key",
        )
        return bool(result.decision == "Allow")

    def _resource_policy(self, target: ResourceId) -> Policy:
        """Return the key policy, or the policies of a bucket, topic or function as one."""
        statements: list[Any] = []
        match self._graph.type(target):
            case "AWS::KMS::Key":
                statements += self._deployed(target)["KeyPolicy"]["Statement"]
            case "AWS::Lambda::Function":
                for permission in self._granting(target, "AWS::Lambda::Permission"):
                    statements.append(_permission_statement(self._deployed(permission)))
            case _:
                types = ("AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy")
                for policy in self._granting(target, *types):
                    statements += self._deployed(policy)["PolicyDocument"]["Statement"]
        return {"Statement": statements}

    def _granting(self, target: ResourceId, *types: str) -> Iterator[ResourceId]:
        """Yield the policies of these types that belong to a resource."""
        for use in self._graph.uses:
            owner = use.property in ("Bucket", "Topics.*", "FunctionName")
            if owner and use.target == target and self._graph.type(use.user) in types:
                yield use.user

    def _role(self, role_id: ResourceId) -> _Requester:
        return _Requester(arn(self._graph, role_id), identity_policies=self._policies(role_id))

    def _policies(self, role_id: ResourceId) -> tuple[Policy, ...]:
        """Return the IAM policies that the templates attach to a role. AWS's own are not known."""
        role = self._deployed(role_id)
        policies = [policy["PolicyDocument"] for policy in role.get("Policies", [])]
        attached = {
            use.user
            for use in self._graph.uses
            if use.target == role_id and use.property == "Roles.*"
        } | {
            use.target
            for use in self._graph.uses
            if use.user == role_id and use.property == "ManagedPolicyArns.*"
        }
        for policy in sorted(attached, key=str):
            policies.append(self._deployed(policy)["PolicyDocument"])
        return tuple(policies)

    def _examples(self, role_id: ResourceId, action: str, resource: str) -> list[str]:
        return _examples(self._policies(role_id), action, resource)

    def _role_in(self, user: ResourceId, property_name: str) -> ResourceId:
        """Return the role that a property refers to, if need be through a function."""
        value: Any = self._graph.properties(user)
        for name in property_name.split("."):
            value = value[name]
        (reference,) = find_references(value)
        if self._graph.type(reference.target) == "AWS::Lambda::Function":
            return self._role_in(reference.target, "Role")
        return reference.target

    def _deployed(self, resource_id: ResourceId) -> dict[str, Any]:
        properties: dict[str, Any] = as_deployed(self._graph, self._graph.properties(resource_id))
        return properties

    def _filled(self, use: Use, texts: Mapping[str, str]) -> dict[str, str]:
        values = {
            **self._deployed(use.user),
            "region": self._graph.region,
            "account": ACCOUNT,
            "arn": arn(self._graph, use.user),
        }
        return {name: text.format_map(values) for name, text in texts.items()}


def _permission_statement(permission: Mapping[str, Any]) -> dict[str, Any]:
    """Return the statement that Lambda makes of a permission (AddPermission)."""
    condition: dict[str, dict[str, str]] = {}
    if "SourceArn" in permission:
        condition["ArnLike"] = {"aws:SourceArn": permission["SourceArn"]}
    if "SourceAccount" in permission:
        condition["StringEquals"] = {"aws:SourceAccount": permission["SourceAccount"]}
    return {
        "Effect": "Allow",
        "Principal": {"Service": permission["Principal"]},
        "Action": permission["Action"],
        "Resource": "*",
        "Condition": condition,
    }


def _examples(policies: Sequence[Policy], action: str, resource: str) -> list[str]:
    """Return ARNs of the resource, or below it, on which policies allow an action.

    Conditions do not count here. Wildcards of a policy become letters.
    """
    found = []
    for policy in policies:
        for statement in parse_policy_document(policy):
            actions = [fnmatchcase(action.lower(), each.lower()) for each in statement.actions]
            if statement.effect != "Allow" or not any(actions):
                continue
            for pattern in statement.resources:
                example = re.sub(r"[*?]", "x", pattern)
                if fnmatchcase(resource, pattern):
                    found.append(resource)
                elif example.startswith(resource):
                    found.append(example)
    return found


def _sdk_calls(graph: StageGraph, use: Use) -> list[str]:
    """Return the actions that a state machine or a schedule calls with the target."""
    properties = as_deployed(graph, graph.properties(use.user))
    if "Target" in properties:
        return [_sdk_action(properties["Target"]["Arn"])]
    target = arn(graph, use.target)
    names = {target, target.rpartition(":")[-1]}
    return [
        _sdk_action(state["Resource"])
        for state in _states(json.loads(properties["DefinitionString"]))
        if names & {str(value) for value in state.get("Arguments", {}).values()}
    ]


def _states(definition: Any) -> Iterator[dict[str, Any]]:
    """Yield the Task states of a definition, also those in Map and Parallel states."""
    if isinstance(definition, dict):
        if definition.get("Type") == "Task":
            yield definition
        for value in definition.values():
            yield from _states(value)
    elif isinstance(definition, list):
        for value in definition:
            yield from _states(value)


def _sdk_action(resource: str) -> str:
    """Return sns:Publish for arn:aws:states:::aws-sdk:sns:publish."""
    service, action = resource.split(":")[-2:]
    return f"{service}:{action[0].upper()}{action[1:]}"
