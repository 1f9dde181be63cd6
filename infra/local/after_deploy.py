"""What can only be done when the functions and the API are there, so after each of Chalice's deployments.

`make up` and `make deploy` do it, `python -m infra.local after-deploy STAGE` does it after a plain `chalice deploy`. Each part
may be done again at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

PROVISIONING_HOOK = "lockers-provisioning-hook"
HOOK_PAYLOAD = "2020-04-01"

Clients = Callable[[str], Any]
Resources = Iterable[Mapping[str, Any]]


def finish(resources: Resources, outputs: Mapping[str, Any], api_url: str, clients: Clients) -> None:
    """Put in place what needs what Chalice has made.

    `resources` is what Chalice has deployed (`deployed/<stage>.json`), `outputs` are Terraform's, `api_url` is where the API is
    reached unless it has a public URL, and `clients` makes a client of the service of that name.
    """
    from infra.local.gateway_responses import put_in_place  # it knows the application, which takes its time

    resources = list(resources)
    put_in_place(resources, clients("apigateway"))
    say_where_the_api_is(outputs["api_url_parameter"], outputs.get("public_url") or api_url, clients("ssm"))
    guard_provisioning(outputs["provisioning_template"], resources, clients("iot"), clients("lambda"))


def say_where_the_api_is(parameter: str, url: str, ssm: Any) -> None:
    """Write the URL into its parameter, where it is another."""
    if ssm.get_parameter(Name=parameter)["Parameter"]["Value"] != url:
        ssm.put_parameter(Name=parameter, Value=url, Type="String", Overwrite=True)


def guard_provisioning(template: str, resources: Resources, iot: Any, functions: Any) -> None:
    """Let new cabinets have certificates, with the hook that decides which of them get one.

    Terraform makes the template switched off, because AWS IoT takes no hook that it may not call. One call attaches the hook and
    switches the template on, so that it is never on without it; where the application has no such function, it stays off.
    """
    hook = next((one["lambda_arn"] for one in resources if one["name"] == PROVISIONING_HOOK), None)
    if hook is None:
        return
    found = iot.describe_provisioning_template(templateName=template)
    with suppress(functions.exceptions.ResourceConflictException):  # it is allowed already
        functions.add_permission(
            FunctionName=hook,
            StatementId=f"{template}-provisioning",
            Action="lambda:InvokeFunction",
            Principal="iot.amazonaws.com",
            SourceArn=found["templateArn"],
            SourceAccount=found["templateArn"].split(":")[4],
        )
    wanted = {"payloadVersion": HOOK_PAYLOAD, "targetArn": hook}
    if not found["enabled"] or found.get("preProvisioningHook") != wanted:
        iot.update_provisioning_template(templateName=template, enabled=True, preProvisioningHook=wanted)
