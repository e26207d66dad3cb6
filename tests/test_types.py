"""What mypy is told to pass over, pyproject.toml says; here is what it must not pass over."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
MADE = {"node_modules", "cdk.out"}


def files() -> Iterator[Path]:
    """Yield every Python file of the repository."""
    yield from ROOT.glob("*.py")
    for folder in ROOT.iterdir():
        if folder.is_dir() and not folder.name.startswith(".") and folder.name not in MADE:
            yield from folder.rglob("*.py")


def modules_of_cdk(file: Path) -> Iterator[str]:
    """Yield every module of the CDK library that a file imports."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name.startswith("aws_cdk"))
        elif isinstance(node, ast.ImportFrom) and node.module == "aws_cdk":
            names = (each.name for each in node.names)
            yield from (f"aws_cdk.{name}" for name in names if name.islower())
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("aws_cdk."):
            yield str(node.module)


def test_mypy_reads_every_module_of_the_cdk_library_that_the_code_imports() -> None:
    imported = {module for file in files() for module in modules_of_cdk(file)}
    overrides = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    (read,) = [each["module"] for each in overrides if each.get("follow_imports") == "normal"]
    assert read == sorted(imported)
