"""Requests to the Kubernetes API: objects as plain dicts, a timeout on each, and errors with names.

The official client does the connection, TLS and credentials. Its generated models are left aside: whatever they do not
know of an object they would drop, and server-side apply sends exactly the fields that we own.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from kubernetes.aio import client, config

from pgtend.domain.finding import (
    AccessDenied,
    ApiUnavailable,
    ListExpired,
    ObjectGone,
    ObjectRefused,
    PgtendError,
    SetupInvalid,
    WriteConflict,
)
from pgtend.kube.kinds import FIELD_MANAGER

REQUEST_SECONDS = 10.0
APPLY = "application/apply-patch+yaml"
"""JSON is YAML, so this media type is what every server with server-side apply takes."""


async def load_configuration() -> client.Configuration:
    """Where the API is and who we are: the file that KUBECONFIG names, else the Pod's own ServiceAccount.

    Raises SetupInvalid when there is neither. A kubeconfig that merely lies in the home folder is not used.
    """
    settings = client.Configuration()
    try:
        if os.environ.get("KUBECONFIG"):
            await config.load_kube_config(  # type: ignore[no-untyped-call]  # the client has no types here
                config_file=os.environ["KUBECONFIG"], client_configuration=settings, persist_config=False
            )
        else:
            config.load_incluster_config(client_configuration=settings)  # type: ignore[no-untyped-call]  # the client has no types here
    except (config.ConfigException, OSError, TypeError) as error:
        raise SetupInvalid(
            "There is no way to the Kubernetes API: run pgtend in a Pod with its ServiceAccount, or let KUBECONFIG name a "
            f"readable kubeconfig ({type(error).__name__})."
        ) from None
    return settings


@asynccontextmanager
async def open_api() -> AsyncIterator[Api]:
    """The API of ``load_configuration``, closed at the end."""
    settings = await load_configuration()
    async with client.ApiClient(settings) as api_client:
        api_client.user_agent = "pgtend"
        yield Api(api_client)


class Api:
    """Requests by path. Each may raise AccessDenied, ApiUnavailable, ListExpired, ObjectGone, WriteConflict or ObjectRefused."""

    def __init__(self, api_client: client.ApiClient) -> None:
        self._client = api_client

    async def get(self, path: str, **query: str) -> dict[str, Any]:
        """Read one object or a list."""
        return await self._request("GET", path, query)

    async def create(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Make an object; WriteConflict when there is one of that name."""
        return await self._request("POST", path, {"fieldManager": FIELD_MANAGER}, body)

    async def replace(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Write an object as a whole; WriteConflict when its resourceVersion is not the current one."""
        return await self._request("PUT", path, {"fieldManager": FIELD_MANAGER}, body)

    async def apply(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Server-side apply: own exactly the fields in the body, taking them from whoever else holds them."""
        return await self._request("PATCH", path, {"fieldManager": FIELD_MANAGER, "force": "true"}, body, APPLY)

    async def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
    ) -> dict[str, Any]:
        headers = {"Accept": "application/json", "Content-Type": content_type}
        try:
            _, url, headers, _, _ = await self._client.param_serialize(
                method, path, query_params=list(query.items()), header_params=headers, auth_settings=["BearerToken"]
            )
            response = await self._client.call_api(
                method, url, header_params=headers, body=body, _request_timeout=REQUEST_SECONDS
            )
            content: bytes = await response.read()  # type: ignore[no-untyped-call]  # the client has no types here
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ApiUnavailable(
                f"The Kubernetes API did not answer {method} {path} ({type(error).__name__}); the next pass tries again."
            ) from None
        if response.status >= 300:
            raise error_of(response.status, method, path, _message(content))
        answer = json.loads(content)
        assert isinstance(answer, dict), "the API server answers with objects"
        return answer


def error_of(status: int, method: str, path: str, message: str) -> PgtendError:
    """The named error for an HTTP status and the API server's own words, which speak of schemas and rights only."""
    what = f"{method} {path}"
    if status == 401:
        return AccessDenied(f"The Kubernetes API does not know our credentials ({what}): {message}")
    if status == 403:
        return AccessDenied(f"The Kubernetes API does not allow {what}: {message}")
    if status == 404:
        return ObjectGone(f"There is no {path.rpartition('/')[2]} any more ({what}): {message}")
    if status == 409:
        return WriteConflict(f"Somebody else wrote in between ({what}): {message}")
    if status == 410:
        return ListExpired(f"The Kubernetes API has forgotten the state that {what} began with (HTTP 410): {message}")
    if status == 429 or status >= 500:
        return ApiUnavailable(
            f"The Kubernetes API cannot answer {what} now (HTTP {status}); the next pass tries again."
        )
    return ObjectRefused(f"The Kubernetes API refuses {what} (HTTP {status}): {message}")


def _message(content: bytes) -> str:
    try:
        answer = json.loads(content)
    except ValueError:
        return ""
    return str(answer.get("message", ""))[:500] if isinstance(answer, dict) else ""
