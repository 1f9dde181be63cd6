"""The Chalice application: registers the contexts, nothing else."""

from chalice.app import Chalice, CORSConfig

from chalicelib.carts.routes import routes as carts_routes
from chalicelib.carts.tasks import functions as carts_tasks
from chalicelib.catalog.routes import routes as catalog_routes
from chalicelib.customers.routes import routes as customers_routes
from chalicelib.customers.tasks import functions as customers_tasks
from chalicelib.feeds.consumers import functions as feeds_consumers
from chalicelib.feeds.routes import routes as feeds_routes
from chalicelib.feeds.tasks import functions as feeds_tasks
from chalicelib.fulfilment.consumers import functions as fulfilment_consumers
from chalicelib.fulfilment.routes import routes as fulfilment_routes
from chalicelib.fulfilment.tasks import functions as fulfilment_tasks
from chalicelib.inventory.routes import routes as inventory_routes
from chalicelib.inventory.tasks import functions as inventory_tasks
from chalicelib.ledger.consumers import functions as ledger_consumers
from chalicelib.ledger.routes import routes as ledger_routes
from chalicelib.ledger.tasks import functions as ledger_tasks
from chalicelib.listings.consumers import functions as listings_consumers
from chalicelib.listings.routes import routes as listings_routes
from chalicelib.listings.tasks import functions as listings_tasks
from chalicelib.lockers.consumers.cabinets import functions as lockers_cabinets
from chalicelib.lockers.consumers.events import functions as lockers_events
from chalicelib.lockers.routes import routes as lockers_routes
from chalicelib.lockers.tasks import functions as lockers_tasks
from chalicelib.meta.routes import routes as meta_routes
from chalicelib.notifications.consumers import functions as notifications_consumers
from chalicelib.notifications.routes import routes as notifications_routes
from chalicelib.orders.consumers import functions as orders_consumers
from chalicelib.orders.routes import routes as orders_routes
from chalicelib.orders.tasks import functions as orders_tasks
from chalicelib.payments.consumers import functions as payments_consumers
from chalicelib.payments.routes import routes as payments_routes
from chalicelib.payments.tasks import functions as payments_tasks
from chalicelib.promotions.routes import routes as promotions_routes
from chalicelib.returns.consumers import functions as returns_consumers
from chalicelib.returns.routes import routes as returns_routes
from chalicelib.returns.tasks import functions as returns_tasks
from chalicelib.reviews.consumers import functions as reviews_consumers
from chalicelib.reviews.routes import routes as reviews_routes
from chalicelib.reviews.tasks import functions as reviews_tasks
from chalicelib.routing.consumers import functions as routing_consumers
from chalicelib.routing.routes import routes as routing_routes
from chalicelib.routing.tasks import functions as routing_tasks
from chalicelib.shipping.routes import routes as shipping_routes
from chalicelib.suppliers.consumers import functions as suppliers_consumers
from chalicelib.suppliers.routes import routes as suppliers_routes
from chalicelib.suppliers.tasks import functions as suppliers_tasks
from chalicelib.taxes.consumers import functions as taxes_consumers
from chalicelib.taxes.routes import routes as taxes_routes
from chalicelib.webhooks.consumers import functions as webhooks_consumers
from chalicelib.webhooks.routes import routes as webhooks_routes
from chalicelib.webhooks.tasks import functions as webhooks_tasks

app = Chalice(app_name="aisle")
app.api.cors = CORSConfig(
    allow_origin="*",
    allow_headers=[
        "Authorization",
        "Cabinet-Token",
        "Cart-Token",
        "Content-Type",
        "Idempotency-Key",
        "If-Match",
        "Prefer",
        "X-Correlation-Id",
    ],
    expose_headers=["ETag", "Idempotent-Replayed", "Location", "Retry-After", "X-Correlation-Id", "X-Request-Id"],
    max_age=600,
)

for blueprint in (
    catalog_routes,
    inventory_routes,
    orders_routes,
    payments_routes,
    promotions_routes,
    carts_routes,
    fulfilment_routes,
    webhooks_routes,
    returns_routes,
    customers_routes,
    notifications_routes,
    taxes_routes,
    shipping_routes,
    lockers_routes,
    listings_routes,
    reviews_routes,
    suppliers_routes,
    ledger_routes,
    routing_routes,
    feeds_routes,
    meta_routes,
    orders_consumers,
    orders_tasks,
    payments_consumers,
    payments_tasks,
    fulfilment_consumers,
    fulfilment_tasks,
    inventory_tasks,
    carts_tasks,
    customers_tasks,
    notifications_consumers,
    webhooks_consumers,
    webhooks_tasks,
    returns_consumers,
    returns_tasks,
    taxes_consumers,
    listings_consumers,
    listings_tasks,
    lockers_cabinets,
    lockers_events,
    lockers_tasks,
    feeds_consumers,
    feeds_tasks,
    reviews_consumers,
    reviews_tasks,
    suppliers_consumers,
    suppliers_tasks,
    ledger_consumers,
    ledger_tasks,
    routing_consumers,
    routing_tasks,
):
    app.register_blueprint(blueprint)
