"""Tasks of feeds for the workflow import-feed."""

from typing import Any

from chalice.app import Blueprint

from chalicelib.core.auth import Principal
from chalicelib.core.tasks import Outcome, Tasks
from chalicelib.feeds.service import use_cases as service
from chalicelib.feeds.service.use_cases import Listings

functions = Blueprint(__name__)
tasks = Tasks("feeds")


@tasks.task
def split_feed(feed_id: str, by: Principal) -> Outcome:
    """Look the file through."""
    return service.split_feed(feed_id, by)


@tasks.task
def import_chunks(feed_id: str, lane: int, by: Principal) -> Outcome:
    """Take the rows of a lane."""
    return service.import_chunks(feed_id, lane, by, Listings())


@tasks.task
def finish_feed(feed_id: str, by: Principal) -> Outcome:
    """Let go of what the file does not name, and end the feed."""
    return service.finish_feed(feed_id, by, Listings())


@tasks.task
def fail_feed(feed_id: str, state: str, by: Principal) -> Outcome:
    """End a feed that cannot go on."""
    return service.fail_feed(feed_id, state, by)


@functions.lambda_function(name="feeds-tasks")
def feeds_tasks(event: dict[str, Any], context: object) -> Outcome:
    """Trigger: Step Functions import-feed."""
    return tasks.run(event)
