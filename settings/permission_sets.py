"""Settings of the permission sets of IAM Identity Center whose users may assume a role."""

import re
from itertools import permutations
from typing import Annotated, Self

from pydantic import AfterValidator, model_validator

from settings.base import Settings, invalid_setting
from settings.field_types import each_once

_LIST_PERMISSION_SETS = (
    "aws iam list-roles --path-prefix /aws-reserved/sso.amazonaws.com/ --query Roles[].RoleName"
)


def _check_permission_set_name(name: str) -> str:
    """Refuse what no permission set is called ("CreatePermissionSet", IAM Identity Center API).

    A wildcard is refused too: it would admit other permission sets.
    """
    is_name = re.fullmatch(r"[A-Za-z0-9_+=,.@-]{1,32}", name)
    if not is_name or name.startswith("AWSReservedSSO_"):
        raise ValueError(
            "the name of a permission set, of 1 to 32 letters, digits and characters of +=,.@_-; "
            "it is between AWSReservedSSO_ and the last _ in the names that this shows: "
            f"{_LIST_PERMISSION_SETS}"
        )
    return name


PermissionSets = Annotated[
    tuple[Annotated[str, AfterValidator(_check_permission_set_name)], ...], each_once("name")
]


class PermissionSetSettings(Settings):
    """The permission sets of IAM Identity Center whose users may assume a role, by role.

    A permission set must be assigned in the account of the stage, and allow `sts:AssumeRole`.
    Without any, only IAM users of the account assume the roles, with MFA.
    """

    admin: PermissionSets = ()
    reader: PermissionSets = ()
    on_call: PermissionSets = ()

    @model_validator(mode="after")
    def _check_no_name_covers_another(self) -> Self:
        """Refuse two names of which IAM would take one for the other.

        Identity Center adds `_` and a suffix to the name of a role, so the pattern for `Ops` is
        `AWSReservedSSO_Ops_*`. It matches the role of the permission set `Ops_admin`, too.
        """
        names = {*self.admin, *self.reader, *self.on_call}
        for shorter, longer in permutations(sorted(names), 2):
            if longer.startswith(f"{shorter}_"):
                raise invalid_setting(
                    "",
                    f"{shorter} and {longer}",
                    f"no name that continues another one with _: AWSReservedSSO_{shorter}_* would "
                    f"admit the users of {longer} too; rename one of the permission sets",
                )
        return self
