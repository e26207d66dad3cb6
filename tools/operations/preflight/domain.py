"""The domain name of the stage: its hosted zone, its records and its certificate."""

import json
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from settings import StageSettings
from tools.operations.preflight import http
from tools.operations.preflight.row import Row, missing, ok, unknown

if TYPE_CHECKING:
    from boto3 import Session

_RESOLVER = "https://dns.google/resolve"
"""Google Public DNS, "JSON API for DNS over HTTPS"."""
_RECORDS_OF_A_WEBSITE = ("A", "AAAA", "CNAME")


def check_hosted_zone(session: "Session", settings: StageSettings) -> list[Row]:
    """Check that the hosted zone exists, is public, and has the name of the settings."""
    domain, subject = settings.domain, "Hosted zone"
    client = session.client("route53")
    file = f"settings/{settings.stage}.yaml"
    fix = f"aws route53 list-hosted-zones, then set domain.hosted_zone_id in {file}"
    try:
        zone = client.get_hosted_zone(Id=domain.hosted_zone_id)["HostedZone"]
    except client.exceptions.NoSuchHostedZone:
        allowed = f"the ID of the public hosted zone {domain.hosted_zone_name}"
        return [missing(subject, f"no {domain.hosted_zone_id}", allowed=allowed, fix=fix)]
    name = zone["Name"].rstrip(".")
    kind = "private" if zone["Config"].get("PrivateZone") else "public"
    if (name, kind) == (domain.hosted_zone_name, "public"):
        return [ok(subject, f"{domain.hosted_zone_id}, {name}")]
    found, allowed = f"a {kind} zone {name}", f"a public zone {domain.hosted_zone_name}"
    return [missing(subject, found, allowed=allowed, fix=fix)]


def check_delegation(session: "Session", settings: StageSettings) -> list[Row]:
    """Check that the public DNS finds the name servers of the hosted zone.

    Otherwise ACM does not find the record that validates the certificate, and the deployment waits
    for it until it fails.
    """
    zone_id, name = settings.domain.hosted_zone_id, settings.domain.hosted_zone_name
    zone = session.client("route53").get_hosted_zone(Id=zone_id)
    servers = {server.lower() for server in zone["DelegationSet"]["NameServers"]}
    subject = "Delegation"
    try:
        found = {server.rstrip(".").lower() for server in _resolve(name, "NS")}
    except http.UnreachableError as error:
        return [unknown(subject, str(error), allowed=", ".join(sorted(servers)))]
    if found and found <= servers:
        return [ok(subject, f"{name} to {', '.join(sorted(found))}")]
    return [
        missing(
            subject,
            f"{name} to {', '.join(sorted(found)) or 'no name server'}",
            allowed=", ".join(sorted(servers)),
            fix=f"set them at the registrar of {name}, or as NS records in its parent zone",
        )
    ]


def check_records(session: "Session", settings: StageSettings) -> list[Row]:
    """Check that the hosted zone has no record of the domain name that another system created.

    CloudFormation does not replace a record that exists: the creation of the alias record fails.
    """
    domain, subject = settings.domain, "DNS records"
    response = session.client("route53").list_resource_record_sets(
        HostedZoneId=domain.hosted_zone_id, StartRecordName=domain.name, MaxItems="10"
    )
    types = [
        record["Type"]
        for record in response["ResourceRecordSets"]
        if record["Name"].rstrip(".") == domain.name
        and record["Type"] in _RECORDS_OF_A_WEBSITE
        # DNSName begins with the name of the load balancer, or with "dualstack." before it.
        and f"{settings.resource_name('alb')}-"
        not in record.get("AliasTarget", {}).get("DNSName", "")
    ]
    if not types:
        return [ok(subject, f"no other record of {domain.name}")]
    return [
        missing(
            subject,
            f"{domain.name} has {', '.join(types)} of another system",
            allowed="only the alias record that the stage creates",
            fix="aws route53 change-resource-record-sets --hosted-zone-id "
            f"{domain.hosted_zone_id} --change-batch ... (delete the record)",
        )
    ]


def check_certificate(session: "Session", settings: StageSettings) -> list[Row]:
    """Check the state of the certificate: that of the settings, or the one the stage created."""
    client = session.client("acm")
    arn = settings.domain.certificate_arn
    if arn is None:
        return _check_created_certificate(session, settings)
    certificate = client.describe_certificate(CertificateArn=arn)["Certificate"]
    names = [certificate["DomainName"], *certificate.get("SubjectAlternativeNames", ())]
    status, domain = certificate["Status"], settings.domain.name
    wildcard = f"*.{domain.partition('.')[2]}"
    found = f"{status}, for {', '.join(dict.fromkeys(names))}"
    if status == "ISSUED" and (domain in names or wildcard in names):
        return [ok("Certificate", found)]
    fix = f"set domain.certificate_arn in settings/{settings.stage}.yaml, or remove it"
    return [missing("Certificate", found, allowed=f"ISSUED, for {domain}", fix=fix)]


def _check_created_certificate(session: "Session", settings: StageSettings) -> list[Row]:
    """Check that a certificate which an earlier deployment requested is issued."""
    pages = session.client("acm").get_paginator("list_certificates").paginate()
    statuses = {
        certificate["Status"]
        for page in pages
        for certificate in page["CertificateSummaryList"]
        if certificate["DomainName"] == settings.domain.name
    }
    if not statuses:
        return [ok("Certificate", "the deployment creates it")]
    if "ISSUED" in statuses:
        return [ok("Certificate", "ISSUED")]
    return [
        missing(
            "Certificate",
            f"{', '.join(sorted(statuses))}, for {settings.domain.name}",
            allowed="ISSUED, or no certificate yet",
            fix="correct the delegation of the hosted zone, and CAA records without amazon.com",
        )
    ]


def _resolve(name: str, record_type: str) -> list[str]:
    """Return the records of a name in the public DNS.

    Raises:
        UnreachableError: the resolver cannot be reached, or does not answer.
    """
    response = http.get(f"{_RESOLVER}?{urlencode({'name': name, 'type': record_type})}")
    if response.status != 200:
        raise http.UnreachableError(f"{_RESOLVER} returns HTTP status {response.status}")
    return [answer["data"] for answer in json.loads(response.body).get("Answer", ())]
