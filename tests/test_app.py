"""The program app.py, which the CDK CLI runs."""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import constructs
from tests.settings.files import write_stage_file
from tests.synthesis import ACCOUNT, ROOT

FLAGS = json.loads((ROOT / "cdk.json").read_text())["context"]


def run_app(
    folder: Path,
    context: dict[str, str] | None = None,
    *,
    account: str | None = None,
    checkout: Path = ROOT,
) -> subprocess.CompletedProcess[str]:
    """Run the program as the CDK CLI does; its credentials are for the account, if one is given."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "CDK_"))}
    environment = {
        **inherited,
        "CDK_OUTDIR": str(folder),
        "CDK_CONTEXT_JSON": json.dumps(FLAGS | (context or {})),
        "PYTHONPATH": str(ROOT),
    }
    if account:
        environment["CDK_DEFAULT_ACCOUNT"] = account
    return subprocess.run(
        [sys.executable, "app.py"], cwd=checkout, env=environment, capture_output=True, text=True
    )


def synthesized(folder: Path) -> set[str]:
    """Return the ids of the stages in a cloud assembly."""
    return {path.name.removeprefix("assembly-") for path in folder.glob("assembly-*")}


IMPORT_RECORDER = """
import concurrent.futures, json
from jsii._kernel.providers.process import _NodeProcess

calls, found = [], {}
send = _NodeProcess.send

def record(self, request, response):
    calls.append(request)
    return send(self, request, response)

class Executor:
    # Runs each function at once, so that its calls are told from those of the main thread.
    def __init__(self, max_workers):
        self.calls = 0
    def __enter__(self):
        return self
    def submit(self, function, module):
        before = len(calls)
        function(module)
        found[module] = len(calls) - before
        self.calls = len(calls)
    def __exit__(self, *_):
        found["main thread, meanwhile"] = len(calls) - self.calls

_NodeProcess.send = record
concurrent.futures.ThreadPoolExecutor = Executor
import app
print(json.dumps(found))
"""


def test_one_thread_at_a_time_calls_node_during_the_imports() -> None:
    """The pipe to Node has no lock. The main thread calls Node until it submits cdk_nag."""
    result = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", IMPORT_RECORDER], cwd=ROOT, capture_output=True, text=True
    )
    calls = json.loads(result.stdout)
    assert calls.pop("cdk_nag") > 0
    assert calls == {"settings.selection": 0, "main thread, meanwhile": 0}


def test_an_unknown_stage_is_refused_before_the_synthesis(tmp_path: Path) -> None:
    result = run_app(tmp_path, {"stage": "prod"})
    assert result.returncode == 1
    assert (
        result.stderr == "settings/prod.yaml: no such stage: 'prod'; allowed: production, staging\n"
    )
    assert list(tmp_path.iterdir()) == []


def read_templates(folder: Path) -> dict[str, str]:
    """Return the templates of a cloud assembly."""
    return {path.name: path.read_text() for path in folder.glob("assembly-*/*.template.json")}


@pytest.fixture(scope="module")
def assemblies(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Synthesize staging twice at the same time, without credentials and without an account."""
    folders = [tmp_path_factory.mktemp(name) for name in ("first", "second")]
    with ThreadPoolExecutor() as executor:
        results = list(executor.map(lambda folder: run_app(folder, {"stage": "staging"}), folders))
    assert [result.returncode for result in results] == [0, 0], results
    return folders


def test_a_stage_is_synthesized_without_credentials_and_without_an_account(
    assemblies: list[Path],
) -> None:
    assert synthesized(assemblies[0]) == {"account", "staging"}


def test_two_syntheses_at_the_same_time_do_not_disturb_each_other(assemblies: list[Path]) -> None:
    first, second = map(read_templates, assemblies)
    assert len(first) >= 6
    assert first == second


def test_stages_with_placeholders_are_left_out_of_a_real_account_with_a_warning(
    tmp_path: Path,
) -> None:
    result = run_app(tmp_path, account=ACCOUNT)
    assert result.returncode == 0, result.stderr
    assert result.stderr.splitlines() == [
        f"settings/{stage}.yaml: domain.name: found '{name}' for account {ACCOUNT}; allowed: a "
        "name in a public hosted zone of yours, with hosted_zone_id and hosted_zone_name beside it "
        f"(an example domain is for the embedded AWS only); {stage} is left out until then"
        for stage, name in (
            ("production", "spywatcher.example.com"),
            ("staging", "staging.spywatcher.example.com"),
        )
    ]
    assert synthesized(tmp_path) == set()


def test_a_selected_stage_with_placeholders_is_refused_in_a_real_account(tmp_path: Path) -> None:
    result = run_app(tmp_path, {"stage": "production"}, account=ACCOUNT)
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("settings/production.yaml: domain.name: found 'spywatcher.example.com'")
    assert synthesized(tmp_path) == set()


def test_the_placeholders_of_production_do_not_stop_staging(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    shutil.copytree(ROOT / "settings", checkout / "settings")
    shutil.copy(ROOT / "app.py", checkout)
    domain = {
        "name": "spywatcher.dev",
        "hosted_zone_name": "spywatcher.dev",
        "hosted_zone_id": "Z0123456789ABCDEFGHIJ",
    }
    write_stage_file(checkout / "settings", {"domain": domain})
    assembly = tmp_path / "cdk.out"
    result = run_app(assembly, account=ACCOUNT, checkout=checkout)
    assert result.returncode == 0, result.stderr
    assert "production is left out" in result.stderr
    assert synthesized(assembly) == {"account", "staging"}
    account = json.loads((assembly / "assembly-account" / "manifest.json").read_text())
    (stack,) = (a for a in account["artifacts"].values() if a["type"].endswith(":stack"))
    assert stack["properties"]["stackName"] == "spywatcher-account"
    # Production, which would protect the account stack, is not complete.
    assert stack["properties"].get("terminationProtection") is not True


def test_constructs_is_imported_from_pypi_and_not_from_the_source_folder() -> None:
    assert ROOT / "constructs" not in Path(constructs.__file__).parents
    assert hasattr(constructs, "Construct")
