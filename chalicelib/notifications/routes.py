"""Routes of notifications: templates for administrators, devices for customers."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import Stale
from chalicelib.core.http import Routes
from chalicelib.core.schemas import PageQuery
from chalicelib.notifications import service
from chalicelib.notifications.domain import Template, TemplateInvalid
from chalicelib.notifications.schemas import (
    DevicesView,
    DeviceView,
    ListedTemplateView,
    MessageView,
    PutTemplate,
    RegisterDevice,
    TemplateView,
)

routes = Routes(__name__, "notifications")

_TEMPLATE = "/v1/notification-templates/{event}/{channel}/{language}"


@routes.endpoint(
    "GET",
    "/v1/notification-templates",
    summary="List the templates",
    query=PageQuery,
    answers={200: http.list_of(ListedTemplateView)},
)
def list_templates() -> Response:
    """Every event, channel and language that has words of its own, with the placeholders they may use. For administrators."""
    wanted = http.query(PageQuery)
    return http.listed(service.list_templates(wanted.limit, wanted.cursor, http.caller()), ListedTemplateView.of)


@routes.endpoint("GET", _TEMPLATE, summary="Read a template", answers={200: TemplateView})
def read_template(event: str, channel: str, language: str) -> Response:
    """The words that are used for exactly this language; for one that has none of its own, those that it falls back to."""
    return _shown(service.read_template(event, channel, language, http.caller()))


@routes.endpoint(
    "PUT",
    _TEMPLATE,
    summary="Change a template",
    body=PutTemplate,
    answers={200: TemplateView},
    versioned=True,
    raises=[TemplateInvalid, Stale],
)
def change_template(event: str, channel: str, language: str) -> Response:
    """The shop's own words, used from the next message on. Only known placeholders are taken."""
    words = _words(event, channel, language)
    return _shown(service.change_template(words, expected_version=http.expected_version(), by=http.caller()))


@routes.endpoint(
    "DELETE",
    _TEMPLATE,
    summary="Use the words that ship again",
    answers={200: TemplateView},
    versioned=True,
    raises=[Stale],
)
def reset_template(event: str, channel: str, language: str) -> Response:
    """The shop's own words are forgotten."""
    return _shown(
        service.reset_template(event, channel, language, expected_version=http.expected_version(), by=http.caller())
    )


@routes.endpoint(
    "POST",
    _TEMPLATE + "/preview",
    summary="See a template with sample data",
    body=PutTemplate,
    answers={200: MessageView},
    raises=[TemplateInvalid],
)
def preview_template(event: str, channel: str, language: str) -> Response:
    """The message that these words make. Nothing is kept or sent."""
    return http.ok(MessageView.of(service.preview_template(_words(event, channel, language), http.caller())))


def _words(event: str, channel: str, language: str) -> Template:
    known = service.read_template(event, channel, language, http.caller())
    return http.body(PutTemplate).as_template(known.event, known.channel, known.language)


def _shown(template: Template) -> Response:
    return http.ok(TemplateView.of(template), version=template.version)


@routes.endpoint("GET", "/v1/me/devices", summary="List your devices", answers={200: DevicesView})
def list_devices() -> Response:
    """Those that messages are pushed to."""
    return http.ok(DevicesView(items=[DeviceView.of(device) for device in service.list_devices(http.caller())]))


@routes.endpoint(
    "POST",
    "/v1/me/devices",
    summary="Have messages pushed to a device",
    body=RegisterDevice,
    answers={201: DeviceView},
    idempotent=True,
    raises=[service.PushUnavailable, service.TokenRefused, service.TooManyDevices],
)
def register_device() -> Response:
    """By the token that the app was given. Who registered it before hears no more on it."""
    token = http.body(RegisterDevice).token
    return http.once(
        lambda once: service.register_device(
            token,
            by=http.caller(),
            once=once,
            answer=lambda device: http.answer(
                201, DeviceView.of(device), version=device.version, location=f"/v1/me/devices/{device.id}"
            ),
        )
    )


@routes.endpoint(
    "DELETE",
    "/v1/me/devices/{device_id}",
    summary="Push to a device no more",
    answers={204: None},
    versioned=True,
    raises=[Stale],
)
def remove_device(device_id: str) -> Response:
    """E.g. when its user signs out."""
    service.remove_device(device_id, expected_version=http.expected_version(), by=http.caller())
    return http.send(http.answer(204))
