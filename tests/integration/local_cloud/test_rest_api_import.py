"""`chalice deploy` creates and replaces the REST API by importing an OpenAPI document."""

import json
from collections.abc import Callable
from typing import Any

import botocore.exceptions
import pytest
import urllib3

from infra.local.cloud.rest_api_import import ancestors, authorizer_of, corrected_patch, method_of
from infra.local.emulator import Emulator

Client = Callable[..., Any]
POOL = "arn:aws:cognito-idp:eu-west-1:000000000000:userpool/eu-west-1_abc"
COGNITO = {
    "in": "header",
    "type": "apiKey",
    "name": "Authorization",
    "x-amazon-apigateway-authtype": "cognito_user_pools",
    "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": [POOL]},
}
PREFLIGHT = {
    "responses": {"200": {"description": "", "headers": {"Access-Control-Allow-Origin": {"type": "string"}}}},
    "x-amazon-apigateway-integration": {
        "type": "mock",
        "passthroughBehavior": "when_no_match",
        "requestTemplates": {"application/json": '{"statusCode": 200}'},
        "responses": {
            "default": {
                "statusCode": "200",
                "responseParameters": {"method.response.header.Access-Control-Allow-Origin": "'https://shop.example'"},
            }
        },
    },
}


def document(**paths: Any) -> dict[str, Any]:
    return {
        "swagger": "2.0",
        "info": {"version": "1.0", "title": "shop"},
        "paths": {f"/{path.replace('__', '/')}": operations for path, operations in paths.items()},
        "securityDefinitions": {"users": COGNITO},
        "x-amazon-apigateway-binary-media-types": ["image/png"],
    }


def operation(*scopes: str, parameters: Any = ()) -> dict[str, Any]:
    return {
        "parameters": list(parameters),
        "security": [{"users": list(scopes)}] if scopes else [],
        "x-amazon-apigateway-integration": {"type": "aws_proxy", "httpMethod": "POST", "uri": "arn:aws:apigateway:x"},
    }


def imported(gateway: Any, body: dict[str, Any]) -> str:
    answer = gateway.import_rest_api(body=json.dumps(body), parameters={"endpointConfigurationTypes": "REGIONAL"})
    return str(answer["id"])


def methods(gateway: Any, api: str) -> dict[str, set[str]]:
    found = gateway.get_resources(restApiId=api, limit=500)["items"]
    return {one["path"]: set(one["resourceMethods"]) for one in found if one.get("resourceMethods")}


def test_an_import_creates_every_path_and_method(aws: Client) -> None:
    gateway = aws("apigateway")
    api = imported(gateway, document(v1__orders={"get": operation(), "post": operation()}, v1__health={"get": {}}))
    assert methods(gateway, api) == {"/v1/orders": {"GET", "POST"}, "/v1/health": {"GET"}}
    described = gateway.get_rest_api(restApiId=api)
    assert (described["name"], described["binaryMediaTypes"]) == ("shop", ["image/png"])
    assert described["endpointConfiguration"]["types"] == ["REGIONAL"]


def test_a_method_keeps_its_authorizer_and_scopes(aws: Client) -> None:
    gateway = aws("apigateway")
    api = imported(gateway, document(orders={"post": operation("aisle/orders.write", "profile"), "get": operation()}))
    (authorizer,) = gateway.get_authorizers(restApiId=api)["items"]
    assert (authorizer["type"], authorizer["providerARNs"]) == ("COGNITO_USER_POOLS", [POOL])
    assert authorizer["identitySource"] == "method.request.header.Authorization"
    resource = next(one for one in gateway.get_resources(restApiId=api)["items"] if one["path"] == "/orders")
    post = gateway.get_method(restApiId=api, resourceId=resource["id"], httpMethod="POST")
    assert post["authorizationType"] == "COGNITO_USER_POOLS"
    assert post["authorizationScopes"] == ["aisle/orders.write", "profile"]
    assert post["authorizerId"] == authorizer["id"]
    assert gateway.get_method(restApiId=api, resourceId=resource["id"], httpMethod="GET")["authorizationType"] == "NONE"


def test_an_overwriting_put_replaces_routes_and_authorizers(aws: Client) -> None:
    gateway = aws("apigateway")
    api = imported(gateway, document(old={"get": operation("profile")}, kept__below={"get": operation()}))
    gateway.put_rest_api(
        restApiId=api, mode="overwrite", body=json.dumps(document(kept={"get": operation()}, new={"put": operation()}))
    )
    assert methods(gateway, api) == {"/kept": {"GET"}, "/new": {"PUT"}}
    assert len(gateway.get_authorizers(restApiId=api)["items"]) == 1


def test_a_deployed_preflight_answers_with_its_headers(aws: Client, cloud: Emulator) -> None:
    gateway = aws("apigateway")
    api = imported(gateway, document(orders={"options": PREFLIGHT}))
    gateway.create_deployment(restApiId=api, stageName="api")
    answer = urllib3.request("OPTIONS", f"{cloud.endpoint}/_aws/execute-api/{api}/api/orders", timeout=10)
    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"


def test_a_route_with_an_authorizer_refuses_a_call_without_a_token(aws: Client, cloud: Emulator) -> None:
    gateway = aws("apigateway")
    api = imported(gateway, document(orders={"get": operation("profile")}))
    gateway.create_deployment(restApiId=api, stageName="api")
    answer = urllib3.request("GET", f"{cloud.endpoint}/_aws/execute-api/{api}/api/orders", timeout=10)
    assert answer.status == 401


def test_chalices_updates_of_an_api_can_be_read_back(aws: Client) -> None:
    gateway = aws("apigateway")
    api = imported(gateway, document(orders={"get": operation()}))
    patch = [
        {"op": "replace", "path": "/minimumCompressionSize", "value": ""},
        {"op": "add", "path": "/binaryMediaTypes/application~1pdf"},
        {"op": "remove", "path": "/binaryMediaTypes/image~1png"},
    ]
    gateway.update_rest_api(restApiId=api, patchOperations=patch)
    assert gateway.get_rest_api(restApiId=api)["binaryMediaTypes"] == ["application/pdf"]


def test_a_put_to_an_unknown_api_is_refused(aws: Client) -> None:
    gateway = aws("apigateway")
    with pytest.raises(botocore.exceptions.ClientError, match="NotFound"):
        gateway.put_rest_api(restApiId="nosuchapi", mode="overwrite", body=json.dumps(document()))


def test_ancestors_lead_from_the_root_to_the_path() -> None:
    assert list(ancestors("/v1/orders/{id}")) == [
        ("/", "/v1"),
        ("/v1", "/v1/orders"),
        ("/v1/orders", "/v1/orders/{id}"),
    ]
    assert list(ancestors("/")) == []


def test_parameters_become_method_request_parameters() -> None:
    found = method_of(
        {
            "parameters": [
                {"in": "path", "name": "id", "required": True},
                {"in": "query", "name": "limit"},
                {"in": "body", "name": "ignored"},
            ]
        },
        [],
        {},
    )
    assert found["requestParameters"] == {"method.request.path.id": True, "method.request.querystring.limit": False}


def test_an_api_key_is_asked_beside_an_authorizer() -> None:
    security = {
        "key": {"apiKeyRequired": True},
        "users": {"authorizationType": "COGNITO_USER_POOLS", "authorizerId": "a1"},
    }
    found = method_of({}, [{"key": []}, {"users": ["x"]}], security)
    assert (found["apiKeyRequired"], found["authorizerId"], found["authorizationScopes"]) == (True, "a1", ["x"])


def test_a_custom_authorizer_keeps_its_function_and_lifetime() -> None:
    scheme = {
        "name": "X-Token",
        "x-amazon-apigateway-authorizer": {
            "type": "token",
            "authorizerUri": "arn:f",
            "authorizerResultTtlInSeconds": 0,
        },
    }
    assert authorizer_of("mine", scheme) == {
        "name": "mine",
        "authType": "custom",
        "type": "TOKEN",
        "identitySource": "method.request.header.X-Token",
        "authorizerResultTtlInSeconds": 0,
        "authorizerUri": "arn:f",
    }


def test_a_patch_without_media_types_stays_as_it_is() -> None:
    patch = {"patchOperations": [{"op": "replace", "path": "/name", "value": "shop"}]}
    assert json.loads(corrected_patch(json.dumps(patch).encode(), ["a/b"])) == patch
