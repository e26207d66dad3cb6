"""Links from alarms and messages to the runbooks."""

from settings import StageSettings


def runbook_url(settings: StageSettings, name: str) -> str:
    """Return the URL of docs/runbooks/<name>.md in the stage's GitHub repository."""
    repository = settings.access.github_repository
    return f"https://github.com/{repository}/blob/main/docs/runbooks/{name}.md"
