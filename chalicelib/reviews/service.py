"""Use cases of reviews."""

from collections.abc import Sequence

from chalicelib.core.auth import Principal
from chalicelib.core.findings import Finding
from chalicelib.core.table import Transaction


def open_case(
    tx: Transaction,
    *,
    subject_type: str,
    subject_id: str,
    subject_version: int,
    supplier_id: str,
    title: str,
    findings: Sequence[Finding],
    by: Principal,
) -> str:
    """Add a case to the caller's transaction; its id follows from the subject and its version."""
    return f"rev_{subject_type}.{subject_id}.{subject_version}"


def keep_token(review_id: str, task_token: str, by: Principal) -> None:
    """Keep the token of the workflow that waits for the decision."""


def withdraw(tx: Transaction, subject_type: str, subject_id: str, by: Principal) -> None:
    """Close the open case of a subject in the caller's transaction; nothing to close is fine."""
