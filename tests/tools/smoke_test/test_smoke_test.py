"""The smoke test with a server on this machine: each check passes, and each can fail."""

import datetime as dt
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from settings import load_stage
from tests.tools.smoke_test.server import Behaviour, serve
from tools.smoke_test import checks, client
from tools.smoke_test.__main__ import main, run_checks
from tools.smoke_test.checks import Check, CheckSkippedError
from tools.smoke_test.client import CheckError
from tools.smoke_test.target import Target

pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1")
DOMAIN = "staging.spywatcher.example.com"
AUTHORITY = trustme.CA()
NAMES = [check.name for check in checks.checks_of(load_stage("staging"))]


def server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@pytest.fixture
def behaviour() -> Behaviour:
    return Behaviour(server_context(AUTHORITY.issue_cert(DOMAIN)))


@pytest.fixture
def authorities(tmp_path: Path) -> Path:
    file = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(file)
    return file


Result = dict[str, tuple[str, str]]
"""The result and the reason of each check, by its name."""


@pytest.fixture
def smoke(
    behaviour: Behaviour, authorities: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[[], Result]:
    """Run the command against the server, and return what it printed."""

    def run() -> Result:
        with serve(behaviour) as address:
            code = main(["staging", "--ca", str(authorities), "--connect", address], 0)
        lines = capsys.readouterr().out.splitlines()
        result = {line[9:29].strip(): (line[:9].strip(), line[29:]) for line in lines}
        assert code == (1 if any(state == "failed" for state, _ in result.values()) else 0)
        assert sorted(result) == sorted(NAMES)
        return result

    return run


def test_a_stage_that_behaves_passes(smoke: Callable[[], Result]) -> None:
    result = smoke()
    assert {state for state, _ in result.values()} <= {"ok", "skipped"}
    assert result["certificate"][1].startswith(f"valid for {DOMAIN} until ")
    assert result["HTTP redirect"][1] == f"301 to https://{DOMAIN}:443/"
    assert result["WebSocket"] == ("ok", "101 Switching Protocols")
    assert result["TLS 1.1"] == ("ok", "refused")


def expect_only(result: Result, name: str, reason: str) -> None:
    assert result[name][0] == "failed"
    assert reason in result[name][1]
    assert [other for other, (state, _) in result.items() if state == "failed"] == [name]


@pytest.mark.parametrize(
    ("changes", "name", "reason"),
    [
        ({"redirect_status": 200}, "HTTP redirect", "found 200 to https://staging"),
        ({"location": "http://" + DOMAIN}, "HTTP redirect", "a redirect to https://" + DOMAIN),
        ({"location": "https://elsewhere/"}, "HTTP redirect", "redirects to elsewhere; allowed:"),
        (
            {"answers": {"GET /health/ready": (503, {})}},
            "GET /health/ready",
            "found 503; allowed: 200",
        ),
        ({"answers": {"GET /": (404, {})}}, "GET /", "found 404; allowed: 200"),
        (
            {"answers": {"GET /socket.io/": (400, {})}},
            "WebSocket",
            "found 400; allowed: 101 Switching Protocols",
        ),
        (
            {"answers": {"GET /socket.io/": (101, {"Sec-WebSocket-Accept": "x"})}},
            "WebSocket",
            "without the right Sec-WebSocket-Accept",
        ),
        ({"answers": {"GET /metrics": (200, {})}}, "GET /metrics", "metrics are private"),
        (
            {"answers": {"PROPFIND /": (405, {})}},
            "web ACL",
            "PROPFIND: found 405; allowed: 403, since the setting",
        ),
    ],
)
def test_a_misbehaviour_fails_its_check_with_the_reason(
    behaviour: Behaviour,
    smoke: Callable[[], Result],
    changes: dict[str, Any],
    name: str,
    reason: str,
) -> None:
    for attribute, value in changes.items():
        setattr(behaviour, attribute, value)
    expect_only(smoke(), name, reason)


def test_a_certificate_that_expires_soon_fails(
    behaviour: Behaviour, smoke: Callable[[], Result]
) -> None:
    end = dt.datetime.now(dt.UTC) + dt.timedelta(days=5, hours=1)
    behaviour.context = server_context(AUTHORITY.issue_cert(DOMAIN, not_after=end))
    expect_only(smoke(), "certificate", "expires in 5 days, on ")


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        (AUTHORITY.issue_cert("elsewhere.example.com"), "Hostname mismatch"),
        (trustme.CA().issue_cert(DOMAIN), "unable to get local issuer certificate"),
    ],
)
def test_a_certificate_that_is_not_valid_fails_every_check_over_https(
    behaviour: Behaviour,
    smoke: Callable[[], Result],
    certificate: trustme.LeafCert,
    reason: str,
) -> None:
    behaviour.context = server_context(certificate)
    result = smoke()
    passed = [name for name, (state, _) in result.items() if state == "ok"]
    assert passed == ["TLS 1.1", "HTTP redirect"]
    assert all(reason in found for state, found in result.values() if state == "failed")


def test_a_server_that_accepts_tls_1_1_fails(
    behaviour: Behaviour, smoke: Callable[[], Result]
) -> None:
    behaviour.context.set_ciphers("DEFAULT:@SECLEVEL=0")
    behaviour.context.minimum_version = ssl.TLSVersion.TLSv1_1
    expect_only(smoke(), "TLS 1.1", "accepted TLSv1.1")


def test_a_check_that_this_openssl_cannot_make_is_skipped(
    smoke: Callable[[], Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot_offer(context: ssl.SSLContext, ciphers: str) -> None:
        raise ssl.SSLError("no cipher match")

    monkeypatch.setattr(ssl.SSLContext, "set_ciphers", cannot_offer)
    result = smoke()
    assert result["TLS 1.1"][0] == "skipped"
    assert "cannot offer it: ('no cipher match',)" in result["TLS 1.1"][1]


def test_a_slow_answer_fails(
    behaviour: Behaviour, authorities: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "ANSWER_SECONDS", 1.0)
    behaviour.delays["/"] = 1.5
    with serve(behaviour) as address, pytest.raises(CheckError) as failure:
        checks.check_ok(Target.create(DOMAIN, address, authorities), "/")
    assert str(failure.value) == "no answer within 1 s"


def test_an_answer_in_pieces_that_takes_too_long_fails(
    behaviour: Behaviour, authorities: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([0.0, 3.4])
    monkeypatch.setattr("tools.smoke_test.client.time.monotonic", lambda: next(times))
    with serve(behaviour) as address, pytest.raises(CheckError) as failure:
        client.request(Target.create(DOMAIN, address, authorities), "/")
    assert str(failure.value) == "answered after 3.4 s; allowed: 3 s"


def test_a_stage_that_does_not_answer_fails_each_check(
    authorities: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["staging", "--ca", str(authorities), "--connect", "127.0.0.1:1"], 0) == 1
    printed = capsys.readouterr()
    assert printed.out.count("no connection to 127.0.0.1:1: Connection refused") == len(NAMES)
    assert printed.err == f"staging: {len(NAMES)} of the checks failed\n"


def test_the_web_acl_only_counts_where_the_settings_say_so(
    behaviour: Behaviour, authorities: Path
) -> None:
    behaviour.answers["PROPFIND /"] = (405, {})
    with serve(behaviour) as address:
        target = Target.create(DOMAIN, address, authorities)
        assert checks.check_web_acl(target, "count") == "PROPFIND: 405"
        del behaviour.answers["PROPFIND /"]
        with pytest.raises(CheckError, match="found 403; allowed: any other status"):
            checks.check_web_acl(target, "count")


def test_a_failed_check_is_repeated_until_it_passes(capsys: pytest.CaptureFixture[str]) -> None:
    failures = iter(["first", "second"])

    def run(target: Target) -> str:
        for failure in failures:
            raise CheckError(failure)
        return "third"

    pauses: list[float] = []
    target = Target(DOMAIN, DOMAIN, 443, 80, None)
    assert run_checks([Check("a", run)], target, 120, pauses.append) == []
    assert capsys.readouterr().out == "ok       a                   third\n"
    assert pauses == [5.0, 5.0]


def test_a_skipped_check_is_neither_repeated_nor_failed() -> None:
    def run(target: Target) -> str:
        raise CheckSkippedError("no")

    target = Target(DOMAIN, DOMAIN, 443, 80, None)
    assert run_checks([Check("a", run)], target, 120, lambda seconds: pytest.fail("waited")) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "settings/nowhere.yaml"),
        (["staging"], "settings/staging.yaml: domain.name: found 'staging.spywatcher.example.com'"),
        (["staging", "--connect", "host"], "--connect: found 'host'; allowed: HOST:PORT"),
        (["staging", "--connect", "host:0"], "--connect: found 'host:0'; allowed: HOST:PORT"),
        (["staging", "--connect", "a:1", "--ca", "/nowhere"], "--ca: found /nowhere; allowed: a f"),
        (["staging", "--connect", "a:1", "--ca", __file__], "allowed: a file of certificates"),
    ],
)
def test_unusable_arguments_are_refused_with_one_message(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.out == ""


def test_http_uses_port_80_beside_port_443() -> None:
    assert Target.create(DOMAIN, "host:443", None).http_port == 80
    assert Target.create(DOMAIN, "[::1]:8443", None) == Target(DOMAIN, "::1", 8443, 8443, None)
    assert Target.create(DOMAIN, None, None) == Target(DOMAIN, DOMAIN, 443, 80, None)
