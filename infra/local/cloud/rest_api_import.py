"""Gap: `ImportRestApi` creates no routes and `PutRestApi` answers 404; `chalice deploy` lives on both.

An import is expanded into the calls that MiniStack already answers (resources, methods, integrations, responses,
authorizers), made in the caller's account and region through MiniStack's own request handler. `UpdateRestApi` is
corrected for two values that MiniStack stores in a form that the SDK cannot read back.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, cast

Json = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, str, dict[str, str], bytes, dict[str, Any]], Awaitable[Answer]]

ANY = "x-amazon-apigateway-any-method"
VERBS = {"get", "put", "post", "delete", "options", "head", "patch", ANY}
PARAMETER_PLACES = {"query": "querystring", "header": "header", "path": "path"}
INTEGRATION_FIELDS = (
    "uri",
    "credentials",
    "requestParameters",
    "requestTemplates",
    "contentHandling",
    "passthroughBehavior",
    "timeoutInMillis",
    "connectionType",
)
AUTHORIZER_FIELDS = ("authorizerUri", "authorizerCredentials", "providerARNs", "identityValidationExpression")


class Refused(Exception):
    """One of the calls that an import consists of was answered with an error."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer[2].decode(errors="replace"))
        self.answer = answer


class RestApi:
    """One REST API, spoken to in API Gateway's own calls."""

    def __init__(self, handler: Handler, api_id: str) -> None:
        self._handler = handler
        self.path = f"/restapis/{api_id}"

    async def call(self, method: str, path: str = "", body: Json | None = None, **query: str) -> Json:
        asked = {name: [value] for name, value in query.items()}
        answer = await self._handler(method, self.path + path, {}, json.dumps(body or {}).encode(), asked)
        if answer[0] >= 400:
            raise Refused(answer)
        return cast(Json, json.loads(answer[2])) if answer[2] else {}

    async def list(self, path: str) -> list[Json]:
        return (await self.call("GET", path, limit="500")).get("item") or []

    async def clear(self) -> None:
        """Remove what an overwriting import replaces; stages and deployments stay."""
        for resource in sorted(await self.list("/resources"), key=lambda found: -len(found["path"])):
            if resource["path"] != "/":
                await self.call("DELETE", f"/resources/{resource['id']}")
                continue
            for method in resource.get("resourceMethods") or {}:
                await self.call("DELETE", f"/resources/{resource['id']}/methods/{method}")
        for authorizer in await self.list("/authorizers"):
            await self.call("DELETE", f"/authorizers/{authorizer['id']}")

    async def add(self, document: Json) -> None:
        """Create every path, method, integration and authorizer of an OpenAPI document."""
        security = await self._add_authorizers(document)
        ids = {resource["path"]: resource["id"] for resource in await self.list("/resources")}
        for path, operations in (document.get("paths") or {}).items():
            resource = await self._add_resource(path, ids)
            for verb, operation in operations.items():
                if verb not in VERBS:
                    continue
                required = operation.get("security", document.get("security") or [])
                name = "ANY" if verb == ANY else verb.upper()
                method = f"/resources/{resource}/methods/{name}"
                await self.call("PUT", method, method_of(operation, required, security))
                await self._add_responses(method, operation)
                await self._add_integration(method, operation)

    async def _add_authorizers(self, document: Json) -> dict[str, Json]:
        """Create the authorizers; answers what each security scheme asks of a method."""
        schemes = document.get("securityDefinitions")
        if schemes is None:
            schemes = (document.get("components") or {}).get("securitySchemes") or {}
        security: dict[str, Json] = {}
        for name, scheme in schemes.items():
            if "x-amazon-apigateway-authorizer" in scheme:
                made = await self.call("POST", "/authorizers", authorizer_of(name, scheme))
                kind = "COGNITO_USER_POOLS" if made["type"] == "COGNITO_USER_POOLS" else "CUSTOM"
                security[name] = {"authorizationType": kind, "authorizerId": made["id"]}
            elif scheme.get("x-amazon-apigateway-authtype") == "awsSigv4":
                security[name] = {"authorizationType": "AWS_IAM"}
            elif scheme.get("type") == "apiKey":
                security[name] = {"apiKeyRequired": True}
        return security

    async def _add_resource(self, path: str, ids: dict[str, str]) -> str:
        for parent, child in ancestors(path):
            if child not in ids:
                part = child.rpartition("/")[2]
                ids[child] = (await self.call("POST", f"/resources/{ids[parent]}", {"pathPart": part}))["id"]
        return ids[path if path == "/" else path.rstrip("/")]

    async def _add_responses(self, method: str, operation: Json) -> None:
        for status, response in (operation.get("responses") or {}).items():
            if str(status).isdigit():
                headers = {f"method.response.header.{name}": False for name in response.get("headers") or {}}
                await self.call("PUT", f"{method}/responses/{status}", {"responseParameters": headers})

    async def _add_integration(self, method: str, operation: Json) -> None:
        integration = operation.get("x-amazon-apigateway-integration")
        if integration is None:
            return
        kept = {name: integration[name] for name in INTEGRATION_FIELDS if name in integration}
        kind = integration.get("type", "aws_proxy").upper()
        verb = integration.get("httpMethod", "POST")
        await self.call("PUT", f"{method}/integration", {"type": kind, "httpMethod": verb, **kept})
        for pattern, response in (integration.get("responses") or {}).items():
            fields = ("responseParameters", "responseTemplates", "contentHandling")
            body = {name: response[name] for name in fields if name in response}
            body["selectionPattern"] = "" if pattern == "default" else pattern
            await self.call("PUT", f"{method}/integration/responses/{response['statusCode']}", body)


def ancestors(path: str) -> Iterator[tuple[str, str]]:
    """Each (parent, child) pair from the root down to `path`."""
    parent = "/"
    for part in filter(None, path.split("/")):
        child = f"{parent.rstrip('/')}/{part}"
        yield parent, child
        parent = child


def authorizer_of(name: str, scheme: Json) -> Json:
    """The `CreateAuthorizer` body for a security scheme with an `x-amazon-apigateway-authorizer`."""
    extension = scheme["x-amazon-apigateway-authorizer"]
    auth_type = scheme.get("x-amazon-apigateway-authtype", "custom")
    cognito = "cognito_user_pools" in (auth_type, extension.get("type"))
    header = scheme.get("name", "Authorization")
    return {
        "name": name,
        "authType": auth_type,
        "type": "COGNITO_USER_POOLS" if cognito else extension.get("type", "token").upper(),
        "identitySource": extension.get("identitySource") or f"method.request.header.{header}",
        "authorizerResultTtlInSeconds": int(extension.get("authorizerResultTtlInSeconds", 300)),
        **{field: extension[field] for field in AUTHORIZER_FIELDS if field in extension},
    }


def method_of(operation: Json, required: list[Json], security: dict[str, Json]) -> Json:
    """The `PutMethod` body for an operation: its parameters, authorizer and scopes."""
    method: Json = {
        "authorizationType": "NONE",
        "operationName": operation.get("operationId", ""),
        "requestParameters": {
            f"method.request.{PARAMETER_PLACES[parameter['in']]}.{parameter['name']}": bool(parameter.get("required"))
            for parameter in operation.get("parameters", [])
            if parameter.get("in") in PARAMETER_PLACES
        },
    }
    for requirement in required:
        for name, scopes in requirement.items():
            asked = security.get(name, {})
            method.update(asked)
            if "authorizerId" in asked:
                method["authorizationScopes"] = list(scopes)
    return method


def corrected_patch(body: bytes, media_types: list[str]) -> bytes:
    """`UpdateRestApi` operations in a form that MiniStack stores correctly.

    It nests escaped media types (`image~1png`) as objects instead of listing them, and keeps an empty
    `minimumCompressionSize`, which the SDK then refuses to parse as a number.
    """
    kept: list[Json] = []
    wanted = list(media_types)
    for operation in json.loads(body or b"{}").get("patchOperations", []):
        field, _, pointer = operation.get("path", "").removeprefix("/").partition("/")
        value = operation.get("value")
        if field == "binaryMediaTypes" and pointer:
            media_type = pointer.replace("~1", "/").replace("~0", "~")
            wanted = [known for known in wanted if known != media_type]
            if operation["op"] != "remove":
                wanted.append(value or media_type)
        elif field != "minimumCompressionSize" or value:
            kept.append(operation)
    if wanted != media_types:
        kept.append({"op": "replace", "path": "/binaryMediaTypes", "value": wanted})
    return json.dumps({"patchOperations": kept}).encode()


class Importing:
    """MiniStack's API Gateway handler with the three calls that an import needs."""

    def __init__(self, original: Handler) -> None:
        self._original = original

    async def __call__(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any] | None
    ) -> Answer:
        query = {name: one[0] if isinstance(one, list) else one for name, one in (query_params or {}).items()}
        try:
            match (method, [part for part in path.split("/") if part]):
                case "POST", ["restapis"] if query.get("mode") == "import":
                    return await self._import(headers, body, query)
                case "PUT", ["restapis", api_id]:
                    return await self._put(headers, api_id, body, query)
                case "PATCH", ["restapis", api_id]:
                    api = await RestApi(self._original, api_id).call("GET")
                    body = corrected_patch(body, list(api.get("binaryMediaTypes") or []))
        except Refused as refused:
            return refused.answer
        return await self._original(method, path, headers, body, query_params or {})

    async def _import(self, headers: dict[str, str], body: bytes, query: dict[str, str]) -> Answer:
        document = json.loads(body)
        policy = document.get("x-amazon-apigateway-policy")
        api = {
            "name": (document.get("info") or {}).get("title", "imported"),
            "policy": json.dumps(policy) if policy is not None else None,
            "binaryMediaTypes": document.get("x-amazon-apigateway-binary-media-types", []),
            "endpointConfiguration": {"types": query.get("endpointConfigurationTypes", "EDGE").split(",")},
        }
        made = await self._original("POST", "/restapis", headers, json.dumps(api).encode(), {})
        if made[0] < 400:
            await RestApi(self._original, json.loads(made[2])["id"]).add(document)
        return made

    async def _put(self, headers: dict[str, str], api_id: str, body: bytes, query: dict[str, str]) -> Answer:
        api = RestApi(self._original, api_id)
        if query.get("mode") == "overwrite":
            await api.clear()
        await api.add(json.loads(body))
        return await self._original("GET", api.path, headers, b"", {})


def install() -> None:
    from ministack.services import apigateway_v1

    apigateway_v1.handle_request = Importing(apigateway_v1.handle_request)
