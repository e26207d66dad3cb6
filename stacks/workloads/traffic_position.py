"""The position of a service with two tracks: its parameter, and the conditions that follow from it.

A release moves the position from one end to the other (docs/delivery.md). Each value of the
parameter is a possible state, so that no update can write weights that do not add up to 100, or
send traffic to a track that does not run.
"""

import aws_cdk as cdk

from constructs import Construct
from settings.delivery import DeliverySettings, Track, all_traffic_on, other_track


class TrafficPosition:
    """The parameter with the position, and its conditions. A deployment keeps the position."""

    def __init__(self, scope: Construct, service: str, settings: DeliverySettings) -> None:
        """Create the parameter, the mapping and the conditions.

        Args:
            scope: The stack.
            service: The name of the service.
            settings: The settings whose steps are the positions.
        """
        self._name = service.capitalize()
        self._parameter = cdk.CfnParameter(
            scope,
            f"{self._name}Traffic",
            description=f"Percentages of the traffic of the {service} on the blue and the green "
            "track, or the only track that runs. A release moves it.",
            default="blue",
            allowed_values=list(settings.positions),
        )
        # CloudFormation looks values up in branches of Fn::If too that it does not take, so the
        # mapping has the ends of the line.
        shares = {"blue": "100-0", **{split: split for split in settings.positions[1:-1]}}
        self._shares = cdk.CfnMapping(
            scope,
            f"{self._name}Shares",
            mapping={
                position: dict(zip(("Blue", "Green"), map(int, split.split("-")), strict=True))
                for position, split in {**shares, "green": "0-100"}.items()
            },
        )
        self._receives_all: dict[Track, cdk.CfnCondition] = {}
        self._runs: dict[Track, cdk.CfnCondition] = {}
        for track in ("blue", "green"):
            self._create_conditions(scope, track)

    def _create_conditions(self, scope: Construct, track: Track) -> None:
        position, name = self._parameter.value_as_string, self._name
        self._receives_all[track] = cdk.CfnCondition(
            scope,
            f"{name}On{track.capitalize()}",
            expression=cdk.Fn.condition_or(
                cdk.Fn.condition_equals(position, track),
                cdk.Fn.condition_equals(position, all_traffic_on(track)),
            ),
        )
        self._runs[track] = cdk.CfnCondition(
            scope,
            f"{name}{track.capitalize()}Runs",
            expression=cdk.Fn.condition_not(cdk.Fn.condition_equals(position, other_track(track))),
        )

    def receives_all(self, track: Track) -> str:
        """Return the condition that a track receives all traffic."""
        return self._receives_all[track].logical_id

    def weight(self, track: Track) -> str:
        """Return the percentage of a track, where both tracks receive traffic."""
        return self._shares.find_in_map(self._parameter.value_as_string, track.capitalize())

    def create_only_while_running(self, track: Track, construct: Construct) -> None:
        """Create the resources of a construct only while a track runs."""
        for child in construct.node.find_all():
            if isinstance(child, cdk.CfnResource):
                child.cfn_options.condition = self._runs[track]
