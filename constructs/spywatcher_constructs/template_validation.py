"""CDK's template validation by the native build of its engine.

CDK validates every template with AWS CloudFormation Validate, compiled to WebAssembly. Starting
that engine takes about 0.7 s and validating six templates 0.8 s. The native build of the same
version takes 0.2 s and 0.1 s, and starts on a thread while the stacks are constructed.
"""

from __future__ import annotations

import atexit
import importlib.util
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import aws_cdk as cdk
import jsii

if TYPE_CHECKING:
    import cloudformation_validate as native
    from cloudformation_validate import Diagnostic

_EXCLUDED_RULES = ("E1018", "W1020", "W1103", "W3005", "W9002", "W9013")
_EXCLUDED_FOR_SERVICE = ("W3697", "AWS::AutoScaling")
"""The rules that CDK's own plugin leaves out (core/lib/validation/cloudformation-validate-plugin,
aws-cdk-lib 2.275.0). A test compares the rules of both."""

_SEVERITIES = {"FATAL": "error", "ERROR": "error", "WARN": "warning"}


def native_template_validation() -> NativeTemplateValidation | None:
    """Return the plugin, or None on a platform for which the native engine has no build."""
    if importlib.util.find_spec("cloudformation_validate") is None:
        return None
    return NativeTemplateValidation()


@jsii.implements(cdk.IPolicyValidationPlugin)
class NativeTemplateValidation:
    """The counterpart of `cdk.CloudFormationValidatePlugin`, with the same rules and findings.

    Turn CDK's own plugin off where it is used: `cdk.App(builtin_cloud_formation_validation=False)`.
    CDK's plugin adds rules for Amazon GameLift, which this one does not have.
    """

    def __init__(self) -> None:
        """Start the engine on a thread."""
        executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="cloudformation-validate")
        self._engine: Future[native.CompositeEngine] = executor.submit(_start_engine)
        executor.shutdown(wait=False)
        # The engine cannot be freed while the interpreter discards its modules.
        atexit.register(self.__dict__.clear)

    @property
    def name(self) -> str:
        """The name of CDK's own plugin, so that reports and feature flags treat both alike."""
        return "CloudFormation Validate"

    @property
    def version(self) -> str:
        """The version of the engine."""
        import cloudformation_validate as native

        return str(native.version())

    @property
    def rule_ids(self) -> list[str]:
        """The rules whose findings are reported."""
        rules = self._engine.result().list_rules()
        return [
            rule.id
            for rule in rules
            if rule.id not in _EXCLUDED_RULES and rule.severity.name in _SEVERITIES
        ]

    def validate(self, context: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        """Validate the templates of an app. Equal findings are one violation of many resources."""
        stacks = list(context.stack_templates)
        # Only this thread may call jsii, so it reads all that the engine's threads need.
        paths = [stack.template_path for stack in stacks]
        configs = [self._config(stack) for stack in stacks]
        validate = self._engine.result().validate_template
        with ThreadPoolExecutor(thread_name_prefix="cloudformation-validate") as executor:
            reports = list(executor.map(validate, paths, configs))
        groups: dict[tuple[str, str, str], list[tuple[cdk.PolicyValidationStack, Diagnostic]]] = {}
        for stack, report in zip(stacks, reports, strict=True):
            for diagnostic in report.diagnostics:
                severity = _SEVERITIES[diagnostic.severity.name]
                key = (diagnostic.rule_id, severity, _description(diagnostic))
                groups.setdefault(key, []).append((stack, diagnostic))
        return cdk.PolicyValidationPluginReport(
            success=all(severity != "error" for _, severity, _ in groups),
            violations=[_violation(*key, group) for key, group in groups.items()],
        )

    @staticmethod
    def _config(stack: cdk.PolicyValidationStack) -> native.ValidateConfig:
        import cloudformation_validate as native

        rule, service = _EXCLUDED_FOR_SERVICE
        return native.ValidateConfig(
            detail_level=native.DetailLevel.STANDARD,
            severity_level=native.Severity.WARN,
            exclude=native.RuleFilterConfig(
                ids=list(_EXCLUDED_RULES),
                services=[native.ServiceFilter(rule_id=rule, service=service)],
            ),
            pseudo_parameter_overrides=native.PseudoParameterOverrides(
                account_id=stack.account_id, region=stack.region
            ),
        )


def _start_engine() -> native.CompositeEngine:
    import cloudformation_validate as native

    return native.CompositeEngine()


def _description(diagnostic: Diagnostic) -> str:
    path = (diagnostic.property_path or "").removeprefix("Properties.")
    return f"{path}: {diagnostic.message}" if path else diagnostic.message


def _violation(
    rule: str,
    severity: str,
    description: str,
    group: Sequence[tuple[cdk.PolicyValidationStack, Diagnostic]],
) -> cdk.PolicyViolation:
    _, first = group[0]
    return cdk.PolicyViolation(
        rule_name=rule,
        description=description,
        severity=severity,
        fix=first.suggested_fix,
        violating_resources=[_violating_resource(*each) for each in group],
        rule_metadata={"category": first.category} if first.category else None,
    )


def _violating_resource(
    stack: cdk.PolicyValidationStack, diagnostic: Diagnostic
) -> cdk.PolicyViolatingResource:
    entity = diagnostic.entity
    is_resource = entity is not None and entity.entity_type.name == "RESOURCE"
    return cdk.PolicyViolatingResource(
        resource_logical_id=entity.logical_id if is_resource else None,
        construct_path=None if is_resource else stack.stack_construct_path,
        template_path=stack.template_path,
        locations=[diagnostic.property_path] if diagnostic.property_path else [],
    )
