"""Reads the Secrets that policies name, by name only; never lists them, never keeps them for long.

A Role in the policy's namespace allows it (deploy/access); there is no right to Secrets anywhere else.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from pgtend.domain.finding import AccessDenied, ApiUnavailable, Aspect, ConnectionRefusedByTarget, Finding, ObjectGone
from pgtend.kube.client import Api

READ_AGAIN_SECONDS = 120.0


@dataclass(frozen=True, kw_only=True)
class _Read:
    data: Mapping[str, bytes] = field(repr=False)
    at: float


class Secrets:
    """Secrets as they are now, or were at most two minutes ago: five hundred policies need not ask each minute.

    Whoever is let in by none of what a Secret says calls ``forget``, so that the next read asks again.
    """

    def __init__(self, api: Api, monotonic: Callable[[], float]) -> None:
        self._api = api
        self._monotonic = monotonic
        self._read: dict[tuple[str, str], _Read] = {}

    async def read(self, namespace: str, name: str, aspect: Aspect) -> Mapping[str, bytes]:
        """The decoded data of a Secret.

        Raises ConnectionRefusedByTarget with a finding of this aspect: SecretNotFound, SecretNotReadable, ApiUnavailable.
        """
        now = self._monotonic()
        known = self._read.get((namespace, name))
        if known is not None and now - known.at < READ_AGAIN_SECONDS:
            return known.data
        self.forget(namespace, name)
        data = await self._fetch(namespace, name, aspect)
        self._drop_stale(now)
        self._read[namespace, name] = _Read(data=data, at=now)
        return data

    def forget(self, namespace: str, name: str) -> None:
        """Ask the API server at the next read."""
        self._read.pop((namespace, name), None)

    def _drop_stale(self, now: float) -> None:
        stale = [key for key, read in self._read.items() if now - read.at >= READ_AGAIN_SECONDS]
        for key in stale:
            del self._read[key]

    async def _fetch(self, namespace: str, name: str, aspect: Aspect) -> Mapping[str, bytes]:
        path = f"/api/v1/namespaces/{quote(namespace, safe='')}/secrets/{quote(name, safe='')}"
        try:
            found = await self._api.get(path)
        except ObjectGone:
            raise _refused(
                aspect,
                "SecretNotFound",
                f"There is no Secret {name} in namespace {namespace}: create it with the key uri, or with host, dbname, "
                "username and password.",
            ) from None
        except AccessDenied:
            raise _refused(
                aspect,
                "SecretNotReadable",
                f"pgtend may not read the Secret {name} in namespace {namespace}: apply the Role and RoleBinding of "
                "deploy/access there, with this Secret among its resourceNames.",
            ) from None
        except ApiUnavailable as error:
            raise _refused(aspect, "ApiUnavailable", str(error)) from None
        try:
            return {key: base64.b64decode(value) for key, value in (found.get("data") or {}).items()}
        except binascii.Error:  # the API server refuses anything else
            raise _refused(aspect, "SecretNotReadable", f"The Secret {name} holds what is not base64.") from None


def _refused(aspect: Aspect, reason: str, message: str) -> ConnectionRefusedByTarget:
    return ConnectionRefusedByTarget(Finding(aspect=aspect, reason=reason, message=message))
