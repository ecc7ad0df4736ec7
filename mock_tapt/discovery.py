"""What Tapt says of itself: ServiceProviderConfig, ResourceTypes, Schemas.

Source: RFC 7643 sections 5 to 7; SRV-005.
"""

from __future__ import annotations

from typing import Any

from entra_sim.mock_tapt.schema import RESOURCE_TYPES
from entra_sim.mock_tapt.schema import SCHEMAS
from entra_sim.mock_tapt.schema import ResourceType
from entra_sim.mock_tapt.schema import Schema

_CORE = "urn:ietf:params:scim:schemas:core:2.0:"
MAX_RESULTS = 1_000
"""Resources on one page at most."""


def service_provider_config(base_url: str) -> dict[str, Any]:
    """Return what is supported; bulk is honestly announced as not."""
    return {
        "schemas": [f"{_CORE}ServiceProviderConfig"],
        "patch": {"supported": True},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": MAX_RESULTS},
        "changePassword": {"supported": True},
        "sort": {"supported": True},
        "etag": {"supported": True},
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "OAuth Bearer Token",
                "description": "The token that Settings > Integrations generates.",
                "specUri": "https://www.rfc-editor.org/info/rfc6750",
                "primary": True,
            }
        ],
        "meta": {"resourceType": "ServiceProviderConfig", "location": f"{base_url}/ServiceProviderConfig"},
    }


def resource_types(base_url: str, *, has_groups: bool) -> list[dict[str, Any]]:
    """Return the kinds of resources."""
    return [_resource_type(kind, base_url) for kind in RESOURCE_TYPES if has_groups or kind.name != "Group"]


def _resource_type(kind: ResourceType, base_url: str) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "schemas": [f"{_CORE}ResourceType"],
        "id": kind.name,
        "name": kind.name,
        "endpoint": kind.endpoint,
        "description": kind.description,
        "schema": kind.schema.id,
    }
    if kind.extensions:
        shown["schemaExtensions"] = [{"schema": schema.id, "required": False} for schema in kind.extensions]
    shown["meta"] = {"resourceType": "ResourceType", "location": f"{base_url}/ResourceTypes/{kind.name}"}
    return shown


def schemas(base_url: str, *, has_groups: bool) -> list[dict[str, Any]]:
    """Return the schemas."""
    return [_schema(schema, base_url) for schema in SCHEMAS if has_groups or schema.name != "Group"]


def _schema(schema: Schema, base_url: str) -> dict[str, Any]:
    return {
        "schemas": [f"{_CORE}Schema"],
        "id": schema.id,
        "name": schema.name,
        "description": schema.description,
        "attributes": [attribute.to_json() for attribute in schema.attributes],
        "meta": {"resourceType": "Schema", "location": f"{base_url}/Schemas/{schema.id}"},
    }
