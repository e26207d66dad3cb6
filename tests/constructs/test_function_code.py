"""The code that is uploaded for the Lambda functions."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_

import spywatcher_constructs.functions
from spywatcher_constructs.function_code import RUNTIME, function_code

FUNCTIONS = Path(spywatcher_constructs.functions.__file__).parent


def test_each_function_of_a_stack_has_its_own_code(tmp_path: Path) -> None:
    app = cdk.App(outdir=str(tmp_path), analytics_reporting=False)
    stack = cdk.Stack(app, "stack")
    folders = ("postgres_rotation", "redis_rotation")
    for folder in folders:
        lambda_.Function(
            stack,
            folder,
            code=function_code(["secret_rotation", folder]),
            handler=f"functions.{folder}.handler.handle",
            runtime=RUNTIME,
        )
    app.synth()
    assets = [path for path in tmp_path.glob("asset.*") if path.is_dir()]
    found = {path.parent.name for asset in assets for path in asset.rglob("handler.py")}
    assert len(assets) == 2
    assert found == set(folders)


def test_the_calls_of_each_function_are_compared_with_its_role() -> None:
    folders = {path.parent.name for path in FUNCTIONS.glob("*/handler.py")}
    tested = {path.parent.name for path in Path(__file__).parent.glob("*/test_permissions.py")}
    assert folders
    assert folders - tested == set()
