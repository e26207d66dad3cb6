"""Announcements of planned maintenance, seven days before its window."""

from aws_cdk import aws_sns as sns

from settings import StageSettings
from stacks.monitoring.governance.scheduled_messages import ScheduledMessages
from stacks.shared.schedules import monthly


def announce_node_patches(messages: ScheduledMessages, topic: sns.ITopic) -> None:
    """Announce the operating system patches of the nodes, once a month."""
    maintenance = messages.settings.maintenance
    messages.publish(
        "announce-node-patches",
        monthly(maintenance.window_start, maintenance.node_patch_week - 1),
        topic,
        announcement_text(
            messages.settings,
            "the nodes get the month's operating system patches, one node at a time. Pods move to "
            "other nodes. No interruption is expected.",
        ),
        runbook="kubernetes-upgrade",
        subject=announcement_subject(messages.settings),
    )


def announce_kubernetes_upgrades(messages: ScheduledMessages, topic: sns.ITopic) -> None:
    """Announce the upgrade of Kubernetes in the months of the settings."""
    settings = messages.settings
    maintenance = settings.maintenance
    messages.publish(
        "announce-kubernetes-upgrade",
        monthly(
            maintenance.window_start,
            maintenance.kubernetes_upgrade_week - 1,
            maintenance.kubernetes_upgrade_months,
        ),
        topic,
        announcement_text(
            settings,
            "Kubernetes is upgraded where a newer version is due "
            f"(now {settings.cluster.kubernetes_version}). Pods move to other nodes. No "
            "interruption is expected.",
        ),
        runbook="kubernetes-upgrade",
        subject=announcement_subject(settings),
    )


def announcement_subject(settings: StageSettings) -> str:
    """Return the subject of every announcement."""
    return f"{settings.resource_name()}: maintenance in 7 days"


def announcement_text(settings: StageSettings, activity: str) -> str:
    """Return the text about an activity in the window that starts seven days later."""
    return f"In 7 days, {settings.maintenance.window_text}: {activity}"
