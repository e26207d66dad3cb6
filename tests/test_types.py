"""The modules of the CDK library whose types mypy checks, as pyproject.toml lists them."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
GENERATED = {"node_modules", "cdk.out"}


def files() -> Iterator[Path]:
    """Yield the Python files of the repository."""
    yield from ROOT.glob("*.py")
    for folder in ROOT.iterdir():
        if folder.is_dir() and not folder.name.startswith(".") and folder.name not in GENERATED:
            yield from folder.rglob("*.py")


def modules_of_cdk(file: Path) -> Iterator[str]:
    """Yield the modules of the CDK library that a file imports."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("aws_cdk"))
        elif isinstance(node, ast.ImportFrom) and node.module == "aws_cdk":
            names = (alias.name for alias in node.names)
            yield from (f"aws_cdk.{name}" for name in names if name.islower())
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("aws_cdk."):
            yield str(node.module)


def test_mypy_checks_every_module_of_the_cdk_library_that_the_code_imports() -> None:
    imported = {module for file in files() for module in modules_of_cdk(file)}
    overrides = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    (checked,) = [
        override["module"] for override in overrides if override.get("follow_imports") == "normal"
    ]
    assert checked == sorted(imported)
