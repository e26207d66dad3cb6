"""Runs a Job on this machine, without its image.

Only Jobs of the PostgreSQL client can run: the image's `sh` is that of the machine, and its `psql`
is `servers.psql`.
"""

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from settings.versions import POSTGRESQL_CLIENT
from tools.embedded_aws.servers.packages import ROOT

TIMEOUT_SECONDS = 60.0

Values = Mapping[str, Mapping[str, str]]
"""The keys and values of each Secret or ConfigMap, by its name."""


@dataclass(frozen=True)
class JobResult:
    """How a Job ended."""

    succeeded: bool
    output: str


def is_runnable(job: Mapping[str, Any]) -> bool:
    """Return whether the Job has the image of the PostgreSQL client."""
    return all(container["image"] == POSTGRESQL_CLIENT for container in _containers(job))


def container_environment(job: Mapping[str, Any], secrets: Values) -> dict[str, str]:
    """Return the environment variables of the Job's container."""
    (container,) = _containers(job)
    return {item["name"]: _value(item, secrets) for item in container.get("env", ())}


def run_job(
    job: Mapping[str, Any],
    *,
    config_maps: Values,
    secrets: Values,
    environment: Mapping[str, str],
) -> JobResult:
    """Run the container of a Job, once.

    Args:
        job: The Job's object.
        config_maps: The ConfigMaps that it mounts.
        secrets: The Secrets that its environment variables refer to.
        environment: Variables that replace or complete those of the container.
    """
    (container,) = _containers(job)
    with tempfile.TemporaryDirectory(prefix="job-") as name:
        folder = Path(name)
        paths = _mount(job, container, config_maps, folder)
        variables = container_environment(job, secrets)
        variables = {key: _relocate(value, paths) for key, value in variables.items()}
        command = [_relocate(part, paths) for part in container["command"]]
        path = os.pathsep.join([str(_psql_folder(folder)), os.defpath])
        try:
            done = subprocess.run(  # noqa: S603 - the Job's command
                command,
                cwd=folder,
                env={**variables, **environment, "PATH": path},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=TIMEOUT_SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            return JobResult(False, f"{error.output or ''}\nstopped after {TIMEOUT_SECONDS:.0f} s")
    return JobResult(done.returncode == 0, done.stdout)


def _containers(job: Mapping[str, Any]) -> list[dict[str, Any]]:
    containers: list[dict[str, Any]] = job["spec"]["template"]["spec"]["containers"]
    return containers


def _mount(
    job: Mapping[str, Any], container: Mapping[str, Any], config_maps: Values, folder: Path
) -> dict[str, str]:
    """Write the mounted ConfigMaps; return the path on this machine of each mount path."""
    volumes = {volume["name"]: volume for volume in job["spec"]["template"]["spec"]["volumes"]}
    paths = {}
    for mount in container.get("volumeMounts", ()):
        target = folder / mount["name"]
        target.mkdir()
        for key, text in config_maps[volumes[mount["name"]]["configMap"]["name"]].items():
            (target / key).write_text(text, encoding="utf-8")
        paths[mount["mountPath"]] = str(target)
    return paths


def _relocate(text: str, paths: Mapping[str, str]) -> str:
    for mounted, actual in paths.items():
        text = text.replace(f"{mounted}/", f"{actual}/")
    return text


def _value(item: Mapping[str, Any], secrets: Values) -> str:
    if "value" in item:
        return str(item["value"])
    reference = item["valueFrom"]["secretKeyRef"]
    return secrets.get(reference["name"], {}).get(reference["key"], "")


def _psql_folder(folder: Path) -> Path:
    """Create a folder with the program psql."""
    programs = folder / "bin"
    programs.mkdir()
    psql = programs / "psql"
    python = f"{shlex.quote(sys.executable)} -m tools.embedded_aws.servers.psql"
    psql.write_text(f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} exec {python} "$@"\n')
    psql.chmod(0o755)
    return programs
