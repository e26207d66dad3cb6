"""The principals that act on a resource because a property of another resource names it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Caller:
    """The role in which CloudFormation creates the resources. By default, it may do everything.

    Source: "Bootstrapping" in the AWS CDK developer guide, `--cloudformation-execution-policies`.
    """

    def __str__(self) -> str:
        return "CloudFormation's role"


@dataclass(frozen=True)
class Service:
    """A service principal. It has no IAM policy, so only the resource's policy can allow it."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class ServiceLinkedRole:
    """A service-linked role. Its IAM policy is AWS's, and permits no customer managed key."""

    name: str
    """The service and the role: autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling."""

    def __str__(self) -> str:
        return f"the service-linked role {self.name}"


@dataclass(frozen=True)
class LoadBalancerLogs:
    """Elastic Load Balancing: an account of AWS in older Regions, and a service in newer ones."""

    def __str__(self) -> str:
        return "Elastic Load Balancing"


@dataclass(frozen=True)
class RoleIn:
    """The role of the templates that a property of the user names, or the function in it has."""

    property: str

    def __str__(self) -> str:
        return f"the role of {self.property}"


@dataclass(frozen=True)
class RolesAllowed:
    """Each role of the templates whose IAM policies allow an action on the user of the key."""

    action: str

    def __str__(self) -> str:
        return f"each role that may {self.action}"


@dataclass(frozen=True)
class ServicesOf:
    """Each service principal that acts on the user of the key."""

    def __str__(self) -> str:
        return "each service that acts on it"


Principal = (
    Caller | Service | ServiceLinkedRole | LoadBalancerLogs | RoleIn | RolesAllowed | ServicesOf
)

SDK_CALLS = ("the SDK calls of the user",)
"""The actions that a state machine or a schedule calls with the target as an argument."""
AN_OBJECT = "/{object}"
"""An object of a bucket that the policies of the role name."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Access:
    """Requests of a principal to the target of a use.

    In `on` and in the values of `context`, `{region}`, `{account}` and `{arn}`, the ARN of the
    user, stand for values, and so does `{Name}` for a property of the user.
    """

    by: Principal
    actions: tuple[str, ...]
    on: str = ""
    """What follows the ARN of the target: `/AWSLogs/{account}/file`."""
    context: Mapping[str, str] = field(default_factory=dict)
    """The condition keys that the requests have. The requests of `ServicesOf` have those with which
    the service acts on the user."""


@dataclass(frozen=True, kw_only=True, eq=False)
class UseRule:
    """Who acts on a resource of a type that a property of another type names."""

    target: str
    """The type of the resource that is used, such as AWS::KMS::Key."""
    user: str
    """The type of the resource that names it. `Custom::*` is every custom resource."""
    property: str
    accesses: tuple[Access, ...] = ()
    """Empty if nobody acts on the target because of the property."""
    why_none: str = ""
    source: str
    """The page of AWS's documentation, or the file of a library, that says so."""
