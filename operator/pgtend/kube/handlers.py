"""kopf's part: watch both kinds and pass on what is seen. No timer, daemon or delete handler, and so no finalizer."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import kopf

from pgtend.domain.finding import SetupInvalid
from pgtend.kube.client import load_configuration
from pgtend.kube.kinds import GROUP, INDEX_RECOMMENDATION, TUNING_POLICY, VERSION
from pgtend.kube.tracking import Tracking

SILENT_WATCH_SECONDS = 70.0
SERVER_WATCH_SECONDS = 300
"""A whole number: kopf sends it as it is, and the API server takes no 300.0."""


def make_registry(tracking: Tracking) -> kopf.OperatorRegistry:
    """Handlers in a registry of their own: the global one would join the handlers of every operator in a process."""
    registry = kopf.OperatorRegistry()

    @kopf.on.login(registry=registry)
    async def log_in(**_: Any) -> kopf.ConnectionInfo:
        return await read_credentials()

    @kopf.on.event(GROUP, VERSION, TUNING_POLICY.plural, registry=registry)
    async def see_policy(event: kopf.RawEvent, **_: Any) -> None:
        tracking.see(TUNING_POLICY, event["type"], event["object"])

    @kopf.on.event(GROUP, VERSION, INDEX_RECOMMENDATION.plural, registry=registry)
    async def see_recommendation(event: kopf.RawEvent, **_: Any) -> None:
        tracking.see(INDEX_RECOMMENDATION, event["type"], event["object"])

    return registry


def make_settings() -> kopf.OperatorSettings:
    """Settings under which kopf writes nothing and asks for nothing but the two watches."""
    settings = kopf.OperatorSettings()
    settings.scanning.disabled = True
    settings.posting.enabled = False
    settings.peering.standalone = True
    settings.watching.server_timeout = SERVER_WATCH_SECONDS
    settings.watching.inactivity_timeout = SILENT_WATCH_SECONDS
    settings.networking.request_timeout = 30.0
    settings.networking.connect_timeout = 10.0
    settings.process.ultimate_exiting_timeout = None
    # kopf says each handled event at INFO, and whole bodies at DEBUG.
    for name in ("kopf", "kopf.objects"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return settings


def watched(namespaces: Sequence[str]) -> dict[str, Any]:
    """The arguments that tell kopf where to watch."""
    return {"namespaces": list(namespaces)} if namespaces else {"clusterwide": True}


async def read_credentials() -> kopf.ConnectionInfo:
    """The same way to the API as all our other requests take."""
    try:
        found = await load_configuration()
    except SetupInvalid as error:
        raise kopf.LoginError(str(error)) from None
    scheme, _, token = (found.api_key.get("BearerToken") or "").partition(" ")
    return kopf.ConnectionInfo(
        server=found.host,
        ca_path=found.ssl_ca_cert,
        insecure=not found.verify_ssl,
        scheme=scheme or None,
        token=token.strip() or None,
        certificate_path=found.cert_file,
        private_key_path=found.key_file,
    )
