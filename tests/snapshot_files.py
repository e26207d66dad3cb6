"""The files of snapshots: one text file for each snapshot, in a folder of tests/snapshots."""

from pathlib import Path

from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from syrupy.location import PyTestLocation
from syrupy.types import SnapshotIndex


class SnapshotFiles(SingleFileSnapshotExtension):
    """A file for each snapshot, named after it: tests/snapshots/<folder>/<name>."""

    _write_mode = WriteMode.TEXT
    folder: str

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        """Return the folder, which does not depend on the folder of the test."""
        return str(Path(__file__).parent / "snapshots" / cls.folder)

    @classmethod
    def get_snapshot_name(cls, *, test_location: PyTestLocation, index: SnapshotIndex = 0) -> str:
        """Return the name that the test gives."""
        return str(index)
