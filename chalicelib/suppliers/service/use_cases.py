"""Use cases of suppliers, for its own routes. Those of the workflow are in `run_onboarding`."""

from chalicelib.suppliers.service.access import is_operator
from chalicelib.suppliers.service.apply import (
    NothingToSubmit,
    accept_invitation,
    apply,
    change_profile,
    invite,
    submit_again,
)
from chalicelib.suppliers.service.bank_accounts import set_bank_account
from chalicelib.suppliers.service.documents import (
    announce_document,
    complete_document,
    decide_document,
    download_address,
    list_documents,
    read_document,
)
from chalicelib.suppliers.service.endpoints import OLD_VALID_SECONDS, issue_secret, set_bearer_token
from chalicelib.suppliers.service.manage import offboard, reinstate, reverse_correction, suspend
from chalicelib.suppliers.service.members import add_client, list_members, remove_member
from chalicelib.suppliers.service.read_suppliers import (
    list_suppliers,
    read_own,
    read_supplier,
    read_timeline,
)
from chalicelib.suppliers.service.requirements import (
    ChecklistRefused,
    attest,
    read_checklist,
    read_screening_list,
    read_standings,
    set_checklist,
    set_screening_list,
    waive,
)

__all__ = [
    "OLD_VALID_SECONDS",
    "ChecklistRefused",
    "NothingToSubmit",
    "accept_invitation",
    "add_client",
    "announce_document",
    "apply",
    "attest",
    "change_profile",
    "complete_document",
    "decide_document",
    "download_address",
    "invite",
    "is_operator",
    "issue_secret",
    "list_documents",
    "list_members",
    "list_suppliers",
    "offboard",
    "read_checklist",
    "read_document",
    "read_own",
    "read_screening_list",
    "read_standings",
    "read_supplier",
    "read_timeline",
    "reinstate",
    "remove_member",
    "reverse_correction",
    "set_bank_account",
    "set_bearer_token",
    "set_checklist",
    "set_screening_list",
    "submit_again",
    "suspend",
    "waive",
]
