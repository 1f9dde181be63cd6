"""Workflows that wait for a decision, for days if need be: their task tokens rest with the case until it is closed."""

from chalicelib.core.auth import Principal
from chalicelib.core.errors import Contended, Stale
from chalicelib.core.tasks import Outcome
from chalicelib.core.workflow import Workflow
from chalicelib.reviews import store
from chalicelib.reviews.domain.case import Case
from chalicelib.reviews.service.change_case import must_find

_ATTEMPTS = 5


def keep_token(review_id: str, task_token: str, by: Principal, *, workflow: Workflow | None = None) -> None:
    """Keep the token of a workflow that waits for this case, beside those of others, or let it go on at once when the case is
    closed. Safe to repeat. For workflow tasks; the role needs kms:Encrypt of task tokens and states:SendTaskSuccess.

    The workflow goes on with `{"outcome", "review_id", "state"}`, see `complete`. Raises `NotFound`, `Forbidden`.
    """
    by.require()
    told = workflow or Workflow()
    for _ in range(_ATTEMPTS):
        case = must_find(review_id)
        if not case.is_open:
            told.complete(task_token, _outcome(case))
            return
        try:
            store.keep_token(review_id, task_token, told.seal(task_token))
        except Stale:
            continue
        return
    raise Contended(f"Case {review_id} kept changing.")


def complete(review_id: str, *, workflow: Workflow | None = None) -> None:
    """Let every workflow that waits for a closed case go on: `outcome` is `approve`, `reject`, `revalidate`, or `superseded` when
    nothing is left to decide (`state` tells a superseded case from a withdrawn one).

    Safe to repeat: a token is forgotten once its workflow was told, and a workflow that was told before minds nothing.
    Nothing happens while the case is open.
    """
    case = must_find(review_id)
    if case.is_open:
        return
    told = workflow or Workflow()
    for token in store.tokens_of(review_id):
        told.complete_sealed(token.sealed, _outcome(case))
        store.forget_token(review_id, token)


def _outcome(case: Case) -> Outcome:
    outcome = str(case.decision.outcome) if case.decision else "superseded"
    return {"outcome": outcome, "review_id": case.id, "state": str(case.state)}
