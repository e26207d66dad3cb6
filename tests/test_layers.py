"""The import rules of pyproject.toml: the tree keeps them, and a violation names its rule."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.synthesis import ROOT

FORBIDDEN = {
    "A stack imports only stacks that are deployed before it": [
        ("stacks/security/keys.py", "stacks.network.stack"),
        ("stacks/data/stack.py", "stacks.cluster.stack"),
        ("stacks/shared/names.py", "stacks.stage"),
    ],
    "Charts, constructs and settings import no stack": [
        ("settings/base.py", "stacks.shared.names")
    ],
    "Constructs import neither charts nor settings": [
        ("constructs/spywatcher_constructs/redis.py", "settings.database")
    ],
    "Nothing that is deployed imports tools": [("stacks/stage.py", "tools.cost.prices")],
    "Tools import no module of a stack": [("tools/guard/finding.py", "stacks.shared.names")],
}
"""By rule: files, and a module that each of them must not import."""


def lint_imports(root: Path) -> "subprocess.CompletedProcess[str]":
    """Check the imports of a tree. The constructs come from the tree too, not from .venv."""
    program = str(Path(sys.executable).with_name("lint-imports"))
    return subprocess.run(  # noqa: S603 - our own command
        [program, "--no-cache", "--no-logo"],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root / "constructs"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
    )


def copy_tree(folder: Path) -> Path:
    """Copy the packages that the rules name."""
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name in ("constructs", "k8s", "settings", "stacks", "tools"):
        shutil.copytree(
            ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
        )
    return folder


def test_the_imports_keep_the_layers() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout


def test_an_import_against_the_layers_fails_with_the_name_of_the_rule(tmp_path: Path) -> None:
    root = copy_tree(tmp_path)
    imports = [each for rule in FORBIDDEN.values() for each in rule]
    for file, module in imports:
        with (root / file).open("a") as source:
            source.write(f"\nimport {module}\n")
    result = lint_imports(root)
    assert result.returncode == 1, result.stderr
    for rule in FORBIDDEN:
        assert f"{rule} BROKEN" in result.stdout
    for file, module in imports:
        importer = file.removeprefix("constructs/").removesuffix(".py").replace("/", ".")
        assert f"{importer} -> {module}" in result.stdout


def test_a_stack_without_a_layer_fails(tmp_path: Path) -> None:
    root = copy_tree(tmp_path)
    (root / "stacks" / "reports").mkdir()
    (root / "stacks" / "reports" / "__init__.py").touch()
    result = lint_imports(root)
    assert result.returncode == 1
    assert "reports" in result.stdout


def test_the_app_imports_no_tools() -> None:
    """app.py is a module, and import-linter takes packages alone."""
    tree = ast.parse((ROOT / "app.py").read_text())
    imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imported += [
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    ]
    assert "stacks.stage" in imported
    assert not [name for name in imported if name.partition(".")[0] == "tools"]
