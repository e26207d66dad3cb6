"""Loads the hosted rotation functions."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

MODULES = {
    "PostgreSQLSingleUser": "postgresql_single_user",
    "PostgreSQLMultiUser": "postgresql_multi_user",
}
"""The module of a function by the RotationType of a HostedRotationLambda."""


def load_function(rotation_type: str) -> ModuleType:
    """Return the module with the function `lambda_handler` and a function for each step."""
    folder = str(Path(__file__).parent / "pygresql")
    if folder not in sys.path:
        sys.path.append(folder)
    package = f"{__package__}.aws_samples"
    return importlib.import_module(f"{package}.{MODULES[rotation_type]}")
