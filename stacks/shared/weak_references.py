"""Weak references: values that another stack reads, and that this stack may change or remove.

CloudFormation refuses to change or remove an exported value that another stack imports
("Fn::ImportValue" in the CloudFormation template reference). A resource that the settings replace
or remove therefore exports nothing. `Fn::GetStackOutput` reads a plain output instead, "at stack
create or update time". Two rules follow, which tests/gates/test_cross_stack_references.py checks:

- No create-only property reads a weak reference, because another value would replace the reader.
- The properties of the reader contain what replaces the target, such as its port or its domain
  name. The CDK CLI does not deploy a stack whose template has not changed, and the reader would
  keep the old value.
"""

import aws_cdk as cdk

from constructs import IConstruct


def refer_weakly(*resources: IConstruct) -> None:
    """Make every reference from another stack to these resources weak."""
    for resource in resources:
        cdk.CrossStackReferences.of(resource).produce(cdk.ReferenceStrength.WEAK)
