"""Reminders of quarterly reviews, and of versions whose standard support ends."""

import datetime as dt

from aws_cdk import aws_sns as sns

from settings import support
from stacks.monitoring.governance.scheduled_messages import ScheduledMessages

_QUARTERLY_REVIEWS = {
    # The months differ from each other and from those of the access review (access_review.py), so
    # that each month has one review.
    "security-audit": ("2,5,8,11", "The quarterly security audit is due."),
    "vertical-scaling": ("3,6,9,12", "The quarterly review of instance sizes is due."),
}


def remind_of_quarterly_reviews(messages: ScheduledMessages, topic: sns.ITopic) -> None:
    """Remind of each review on the first Monday of its months."""
    for name, (months, text) in _QUARTERLY_REVIEWS.items():
        messages.publish(name, f"cron(0 9 ? {months} MON#1 *)", topic, text, runbook=name)


def remind_of_end_of_support(messages: ScheduledMessages, topic: sns.ITopic) -> None:
    """Remind 90 days before the standard support of Kubernetes or PostgreSQL ends.

    The reminder repeats every year. A schedule for a single date would not do: EventBridge refuses
    a date in the past, so that a deployment to another region would fail after that date. This
    way, the template does not depend on the current date either.
    """
    settings = messages.settings
    postgresql = settings.database.engine_version.partition(".")[0]
    kubernetes = settings.cluster.kubernetes_version
    for product, version, dates, runbook in (
        ("Kubernetes", kubernetes, support.KUBERNETES.get(kubernetes), "kubernetes-upgrade"),
        ("PostgreSQL", postgresql, support.POSTGRESQL.get(postgresql), "postgresql-upgrade"),
    ):
        if dates is None:  # A retired version, which only `allow_retired_versions` accepts.
            continue
        day = dates.standard_until - dt.timedelta(days=support.WARNING_DAYS)
        messages.publish(
            f"support-of-{product.lower()}",
            f"cron(0 9 {day.day} {day.month} ? *)",
            topic,
            f"Standard support of {product} {version} ends on {dates.standard_until}, extended "
            f"support on {dates.extended_until}. Plan the upgrade.",
            runbook=runbook,
        )
