"""Where a notification finds the runbook that says what to do."""

from settings import StageSettings


def runbook(settings: StageSettings, name: str) -> str:
    """Return the address of docs/runbooks/<name>.md in the stage's repository."""
    repository = settings.access.github_repository
    return f"https://github.com/{repository}/blob/main/docs/runbooks/{name}.md"
