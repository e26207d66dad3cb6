"""The names and labels of the blue and the green track."""

from k8s.application import BACKEND
from k8s.charts import Manifest, autoscaler_chart, service_chart, target_group_binding_chart
from settings import load_stage
from settings.delivery import Track


def chart(track: Track) -> Manifest:
    settings = load_stage("production").services.backend
    return [
        *service_chart(BACKEND, settings, image="image:1", track=track),
        *autoscaler_chart(BACKEND, settings, track=track),
        *target_group_binding_chart(BACKEND, target_group_arn="arn", track=track),
    ]


def test_the_objects_of_the_green_track_have_a_suffix() -> None:
    tracks: dict[Track, str] = {
        "blue": "spywatcher-backend",
        "green": "spywatcher-backend-green",
    }
    for track, name in tracks.items():
        names = {item["kind"]: item["metadata"]["name"] for item in chart(track)}
        assert names.pop("TargetGroupBinding") == f"{name}-3001"
        assert set(names.values()) == {name}


def test_the_service_of_a_track_selects_the_pods_of_its_track_only() -> None:
    charts = {"blue": chart("blue"), "green": chart("green")}
    selectors = {
        track: next(item for item in items if item["kind"] == "Service")["spec"]["selector"]
        for track, items in charts.items()
    }
    for track, items in charts.items():
        deployment = next(item for item in items if item["kind"] == "Deployment")
        labels = deployment["spec"]["template"]["metadata"]["labels"].items()
        selecting = [name for name, selector in selectors.items() if selector.items() <= labels]
        assert selecting == [track]
