"""The commands that use the caller's credentials, without any."""

from pathlib import Path

import pytest

from tools.command_line import NO_CREDENTIALS
from tools.guard import __main__ as guard
from tools.guard import deployed
from tools.guard.errors import GuardError
from tools.operations.__main__ import main


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / name))


@pytest.mark.parametrize(
    "arguments",
    [
        ["preflight", "staging"],
        ["service-linked-roles", "staging"],
        ["set-secret", "staging", "DISCORD_BOT_TOKEN"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_command_without_credentials_says_in_one_line_what_it_needs(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.operations.__main__._read_value", lambda key: "t" * 50)
    assert main(arguments) == 1
    assert capsys.readouterr().err == f"{NO_CREDENTIALS}\n"


def test_the_guard_without_credentials_names_the_comparison_that_needs_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(guard, "read_stage", lambda assembly, stage: [stage])
    monkeypatch.setattr(deployed, "cloudformation_clients", lambda session, stacks: session.client)
    monkeypatch.setattr(
        deployed,
        "read_deployed",
        lambda stage, stacks, client: client("cloudformation").list_stacks(),
    )
    with pytest.raises(GuardError) as caught:
        guard.compare_with_deployed("staging", Path())
    assert str(caught.value) == f"{NO_CREDENTIALS} (--against REVISION needs no account)"
