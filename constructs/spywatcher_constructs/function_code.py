"""The code of the Lambda functions of this package, with the Python packages that it needs."""

import importlib.util
import shutil
from collections.abc import Sequence
from pathlib import Path

import aws_cdk as cdk
import jsii
from aws_cdk import aws_lambda as lambda_

RUNTIME = lambda_.Runtime.PYTHON_3_14
FOLDER = "functions"
"""The folder of the functions, and the package that their imports begin with."""

_FUNCTIONS = Path(__file__).parent / FOLDER


def function_code(folders: Sequence[str], *, packages: Sequence[str] = ()) -> lambda_.Code:
    """Return folders of functions, beside packages that are installed in this environment.

    Copying takes milliseconds, and needs neither Docker nor pip. requirements.txt pins the
    versions. The hash of the asset is the hash of the files, so that a new version of a package
    updates the function.

    Args:
        folders: The folders in `functions` that the function needs.
        packages: The import names of packages without compiled code, in any version of Python.

    Raises:
        ModuleNotFoundError: A package is not installed.
    """
    sources = [_FUNCTIONS / "__init__.py", *(_FUNCTIONS / folder for folder in folders)]
    targets = {f"{FOLDER}/{source.name}": source for source in sources}
    targets |= {source.name: source for source in map(_find_package, packages)}
    return lambda_.Code.from_asset(
        str(_FUNCTIONS),
        asset_hash_type=cdk.AssetHashType.OUTPUT,
        bundling=cdk.BundlingOptions(
            # CDK requires an image, and uses it only if the local bundling returns False.
            image=RUNTIME.bundling_image,
            local=_Copy(targets),
            # Not run. It distinguishes the functions in CDK's cache of assets, which ignores
            # `local`: without it, all functions would get the code of the first one.
            command=sorted(targets),
        ),
    )


@jsii.implements(cdk.ILocalBundling)
class _Copy:
    """Copies files and folders into an asset."""

    def __init__(self, sources_by_target: dict[str, Path]) -> None:
        self._sources_by_target = sources_by_target

    def try_bundle(self, output_dir: str, *_args: object, **_options: object) -> bool:
        """Copy the sources, without byte code, and return that it was done."""
        for target, source in self._sources_by_target.items():
            path = Path(output_dir) / target
            path.parent.mkdir(exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, path, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copyfile(source, path)
        return True


def _find_package(name: str) -> Path:
    """Return the folder of a package, or the file of a module."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{name} is not installed; requirements.txt lists it")
    origin = Path(spec.origin)
    return origin.parent if spec.submodule_search_locations else origin
