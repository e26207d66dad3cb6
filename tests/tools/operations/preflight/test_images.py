"""The images of a stage, as their registries show them to nodes without credentials."""

import pytest

from tests.tools.operations.simulated_account import (
    SimulatedAccount,
    SimulatedInternet,
    image_index,
    json_response,
)
from tools.operations.preflight import http, images
from tools.operations.preflight.http import UnreachableError
from tools.operations.preflight.row import Row, Status
from tools.registry import Image

BACKEND = "https://ghcr.io/v2/subculture-collective/spywatcher-backend/manifests/1.0.0"
CHALLENGE = 'Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:x:pull"'


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("ghcr.io/owner/app:1.0.0", ("ghcr.io", "owner/app", "1.0.0")),
        ("postgres:15", ("registry-1.docker.io", "library/postgres", "15")),
        ("docker.io/owner/app:1", ("registry-1.docker.io", "owner/app", "1")),
        ("localhost:5000/app:1", ("localhost:5000", "app", "1")),
        ("ghcr.io/app:1@sha256:ab", ("ghcr.io", "app", "sha256:ab")),
    ],
)
def test_a_name_has_a_registry_a_repository_and_a_reference(
    name: str, parts: tuple[str, str, str]
) -> None:
    assert Image.parse(name) == parts


def backend(account: SimulatedAccount) -> Row:
    row, *_ = images.check_images(account.session, account.settings)
    return row


@pytest.mark.parametrize(
    ("status", "found"), [(404, "is not in the registry"), (403, "is not public")]
)
def test_an_image_that_the_nodes_cannot_pull_is_missing(
    account: SimulatedAccount, internet: SimulatedInternet, status: int, found: str
) -> None:
    internet.responses[BACKEND] = json_response({}, status)
    assert backend(account) == Row(
        "Image of backend",
        Status.MISSING,
        f"ghcr.io/subculture-collective/spywatcher-backend:1.0.0 {found}",
        "an image that the registry shows without credentials",
        "set services.backend.image in settings/production.yaml",
    )


def test_an_image_for_another_platform_is_missing(
    account: SimulatedAccount, internet: SimulatedInternet
) -> None:
    internet.responses[BACKEND] = json_response(image_index("linux/arm64"))
    row = backend(account)
    assert (row.status, row.found.split()[-4:]) == (
        Status.MISSING,
        ["is", "only", "for", "linux/arm64"],
    )


def test_an_image_of_one_platform_is_not_examined_further(
    account: SimulatedAccount, internet: SimulatedInternet
) -> None:
    internet.responses[BACKEND] = json_response({"config": {}, "layers": []})
    assert backend(account).status == Status.OK


def test_a_registry_may_ask_for_an_anonymous_token(
    account: SimulatedAccount, internet: SimulatedInternet, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = []
    known = internet.get

    def get(url: str, headers: dict[str, str] | None = None) -> object:
        requests.append((url, (headers or {}).get("Authorization")))
        if url == BACKEND and requests[-1][1] is None:
            return json_response({}, 401, WWW_Authenticate=CHALLENGE)
        return known(url)

    internet.responses["https://ghcr.io/token"] = json_response({"token": "anonymous"})
    monkeypatch.setattr(http, "get", get)
    assert backend(account).status == Status.OK
    assert requests[:3] == [
        (BACKEND, None),
        ("https://ghcr.io/token?service=ghcr.io&scope=repository%3Ax%3Apull", None),
        (BACKEND, "Bearer anonymous"),
    ]


def test_an_image_without_an_anonymous_token_is_missing(
    account: SimulatedAccount, internet: SimulatedInternet
) -> None:
    internet.responses[BACKEND] = json_response({}, 401, WWW_Authenticate=CHALLENGE)
    internet.responses["https://ghcr.io/token"] = json_response({}, 403)
    assert backend(account).found.endswith("is not public")


def test_an_image_is_unknown_without_the_internet_or_an_answer(
    account: SimulatedAccount, internet: SimulatedInternet
) -> None:
    internet.responses[BACKEND] = UnreachableError("ghcr.io cannot be reached: timed out")
    assert backend(account).text == "ghcr.io cannot be reached: timed out"
    internet.responses[BACKEND] = json_response({}, 503)
    assert backend(account).status == Status.UNKNOWN


def test_each_image_that_the_settings_name_is_checked(
    account: SimulatedAccount, internet: SimulatedInternet
) -> None:
    rows = images.check_images(account.session, account.settings)
    assert [row.subject for row in rows] == [
        "Image of backend",
        "Image of frontend",
        "Image of psql",
    ]
