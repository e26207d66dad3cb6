"""The `cdk.Stage` of an AWS account, which is deployed before the stages that share the account."""

import aws_cdk as cdk

from constructs import Construct
from settings.accounts import Account, account_stage_id
from stacks.account.stack import AccountStack
from stacks.shared.tags import ACCOUNT_TAGS


class AccountStage(cdk.Stage):
    """An account stack for each Region that stages of the account are in."""

    def __init__(self, scope: Construct, *, account: Account, is_only_account: bool) -> None:
        """Create the stage, with the id `account`, or `account-<number>` beside other accounts.

        Args:
            scope: The app.
            account: The account, with the settings of its stages.
            is_only_account: Whether the app has no other account.
        """
        super().__init__(
            scope,
            account_stage_id(account.number, is_only_account),
            env=cdk.Environment(account=account.number),
        )
        for region, stages in account.by_region().items():
            # Stages that share an account and a Region have the same settings of it.
            AccountStack(
                self,
                region=region,
                settings=stages[0].account_wide,
                is_protected=any(settings.deletion_protection for settings in stages),
            )
        for key, value in ACCOUNT_TAGS.items():
            cdk.Tags.of(self).add(key, value)
