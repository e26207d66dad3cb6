"""Which permission sets of IAM Identity Center may assume the roles."""

from pathlib import Path
from typing import Any

import pytest

from settings import load_stage
from tests.settings.files import check_refused, write_stage_file

NAME = (
    "the name of a permission set, of 1 to 32 letters, digits and characters of +=,.@_-; it is "
    "between AWSReservedSSO_ and the last _ in the names that this shows: aws iam list-roles "
    "--path-prefix /aws-reserved/sso.amazonaws.com/ --query Roles[].RoleName"
)

INVALID: dict[str, tuple[dict[str, Any], str]] = {
    "the pattern of every permission set": (
        {"admin": ["*"]},
        f"admin.0: found '*'; allowed: {NAME}",
    ),
    "the role instead of its permission set": (
        {"admin": ["AWSReservedSSO_Admin_0123456789abcdef"]},
        f"admin.0: found 'AWSReservedSSO_Admin_0123456789abcdef'; allowed: {NAME}",
    ),
    "an ARN": (
        {"reader": ["arn:aws:sso:::permissionSet/ssoins-1/ps-1"]},
        "reader.0: found 'arn:aws:sso:::permissionSet/ssoins-1/ps-1'; allowed: the name of a",
    ),
    "a name that is too long": (
        {"on_call": ["a" * 33]},
        f"on_call.0: found '{'a' * 33}'; allowed: the name of a permission set, of 1 to 32",
    ),
    "a name with a space": (
        {"on_call": ["On call"]},
        "on_call.0: found 'On call'; allowed: the name of a permission set",
    ),
    "a name twice": (
        {"admin": ["Admin", "Admin"]},
        "admin: found ['Admin', 'Admin']; allowed: each name once",
    ),
    "a name whose pattern covers another one": (
        {"admin": ["Ops_admin"], "reader": ["Ops"]},
        "found Ops and Ops_admin; allowed: no name that continues another one with _: "
        "AWSReservedSSO_Ops_* would admit the users of Ops_admin too; rename one of the",
    ),
}


@pytest.mark.parametrize("changes, expected", INVALID.values(), ids=INVALID)
def test_a_permission_set_that_cannot_exist_is_refused_with_one_message(
    tmp_path: Path, changes: dict[str, Any], expected: str
) -> None:
    section = "access.permission_sets"
    if expected.startswith("found"):
        check_refused(tmp_path, {section: changes}, f"{section}: {expected}")
    else:
        check_refused(tmp_path, changes, expected, section=section)


def test_a_permission_set_may_have_several_roles(tmp_path: Path) -> None:
    changes = {"access.permission_sets": {"reader": ["Engineers", "OnCall"], "on_call": ["OnCall"]}}
    sets = load_stage("staging", write_stage_file(tmp_path, changes)).access.permission_sets
    assert sets.reader == ("Engineers", "OnCall")
    assert sets.admin == ()
