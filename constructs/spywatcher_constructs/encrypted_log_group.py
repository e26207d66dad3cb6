"""A CloudWatch log group with a customer managed KMS key."""

from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs

from constructs import Construct

# The members of the CDK's enumeration have no numbers that a caller could use.
_RETENTION_BY_DAYS = {
    1: logs.RetentionDays.ONE_DAY,
    3: logs.RetentionDays.THREE_DAYS,
    5: logs.RetentionDays.FIVE_DAYS,
    7: logs.RetentionDays.ONE_WEEK,
    14: logs.RetentionDays.TWO_WEEKS,
    30: logs.RetentionDays.ONE_MONTH,
    60: logs.RetentionDays.TWO_MONTHS,
    90: logs.RetentionDays.THREE_MONTHS,
    120: logs.RetentionDays.FOUR_MONTHS,
    150: logs.RetentionDays.FIVE_MONTHS,
    180: logs.RetentionDays.SIX_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
    400: logs.RetentionDays.THIRTEEN_MONTHS,
    545: logs.RetentionDays.EIGHTEEN_MONTHS,
    731: logs.RetentionDays.TWO_YEARS,
    1096: logs.RetentionDays.THREE_YEARS,
    1827: logs.RetentionDays.FIVE_YEARS,
    2192: logs.RetentionDays.SIX_YEARS,
    2557: logs.RetentionDays.SEVEN_YEARS,
    2922: logs.RetentionDays.EIGHT_YEARS,
    3288: logs.RetentionDays.NINE_YEARS,
    3653: logs.RetentionDays.TEN_YEARS,
}


class EncryptedLogGroup(logs.LogGroup):
    """A log group that a customer managed key encrypts.

    The policy of the key must allow `logs.<region>.amazonaws.com` to use it. CloudWatch Logs
    otherwise refuses the key.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        encryption_key: kms.IKey,
        retention_days: int,
        log_group_name: str | None = None,
    ) -> None:
        """Create the log group.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            encryption_key: The KMS key of the log events.
            retention_days: How long CloudWatch keeps a log event.
            log_group_name: The name. By default, CloudFormation generates one.

        Raises:
            KeyError: CloudWatch Logs does not offer this retention period.
        """
        super().__init__(
            scope,
            construct_id,
            log_group_name=log_group_name,
            encryption_key=encryption_key,
            retention=_RETENTION_BY_DAYS[retention_days],
        )
