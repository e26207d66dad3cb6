"""Records the listener rule, the position and the targets while a test releases an image."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from tests.releases.stage import ReleaseStage

_INTERVAL_SECONDS = 0.02
_SAMPLE_SECONDS = 10.0


@dataclass(frozen=True)
class Sample:
    """What one poll has read."""

    position: str
    weights: Mapping[str, int]
    """The weight of each track in the rule. A track that the rule lacks is missing."""
    healthy: Mapping[str, int]
    """The number of healthy targets of each track."""

    @property
    def tracks_with_traffic(self) -> set[str]:
        """The tracks that receive new sessions."""
        return {track for track, weight in self.weights.items() if weight}


class Recorder:
    """Polls in a thread of its own, as a context manager."""

    def __init__(self, stage: ReleaseStage) -> None:
        self._stage = stage
        self._balancing = stage.client("elbv2")
        self.samples: list[Sample] = []
        self.errors: list[Exception] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._poll, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def wait_for_sample(self) -> None:
        """Wait until the present state is recorded."""
        wanted, give_up = len(self.samples) + 2, time.monotonic() + _SAMPLE_SECONDS
        while len(self.samples) < wanted:
            assert time.monotonic() < give_up, self.errors
            time.sleep(_INTERVAL_SECONDS)

    def positions(self) -> list[str]:
        """Return the positions until now in their order, without repetitions."""
        self.wait_for_sample()
        found: list[str] = []
        for sample in self.samples:
            if not found or found[-1] != sample.position:
                found.append(sample.position)
        return found

    def unavailable(self) -> list[Sample]:
        """Return the samples at which all traffic was on a track without healthy targets."""
        return [
            sample
            for sample in self.samples
            if len(sample.tracks_with_traffic) == 1
            and not sample.healthy[next(iter(sample.tracks_with_traffic))]
        ]

    def _poll(self) -> None:
        while not self._stop.wait(_INTERVAL_SECONDS):
            try:
                sample = self._sample()
            except Exception as error:
                self.errors.append(error)
                return
            if sample:
                self.samples.append(sample)

    def _sample(self) -> Sample | None:
        """Return a sample; None if the rule has changed while it was taken."""
        service = self._stage.backend()
        before = self._rule(service.rule)
        tracks = {arn: track for track, arn in service.target_groups.items()}
        healthy = {track: self._healthy(arn) for arn, track in tracks.items()}
        if self._rule(service.rule) != before:
            return None
        weights = {
            tracks[group["TargetGroupArn"]]: int(group["Weight"])
            for group in before["ForwardConfig"]["TargetGroups"]
        }
        return Sample(service.position, weights, healthy)

    def _rule(self, arn: str) -> dict[str, Any]:
        [rule] = self._balancing.describe_rules(RuleArns=[arn])["Rules"]
        return dict(rule["Actions"][0])

    def _healthy(self, group: str) -> int:
        found = self._balancing.describe_target_health(TargetGroupArn=group)
        states = [t["TargetHealth"]["State"] for t in found["TargetHealthDescriptions"]]
        return states.count("healthy")
