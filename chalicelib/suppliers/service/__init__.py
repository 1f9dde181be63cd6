"""Use cases of suppliers, and what other contexts ask of them."""

from chalicelib.suppliers.domain import Seller, SupplierStatus, is_supplier
from chalicelib.suppliers.service.access import acting_supplier, is_operator, require_access, require_operator
from chalicelib.suppliers.service.apply import (
    NothingToSubmit,
    accept_invitation,
    apply,
    change_profile,
    invite,
    submit_again,
)
from chalicelib.suppliers.service.bank_accounts import open_bank_account, payout_account, set_bank_account
from chalicelib.suppliers.service.correct_profile import stage_changes, stage_correction
from chalicelib.suppliers.service.documents import (
    announce_document,
    complete_document,
    decide_document,
    download_address,
    list_documents,
    read_document,
)
from chalicelib.suppliers.service.endpoints import Endpoint, endpoint, issue_secret, set_bearer_token
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
from chalicelib.suppliers.service.run_onboarding import (
    approve_reviewed,
    correct_profile,
    decide,
    open_review,
    park_onboarding,
    probe,
    reject,
    start_workflow,
    verify_profile,
)
from chalicelib.suppliers.service.sellers import find_seller, return_address, seller_from, seller_keys

__all__ = [
    "ChecklistRefused",
    "Endpoint",
    "NothingToSubmit",
    "Seller",
    "SupplierStatus",
    "accept_invitation",
    "acting_supplier",
    "add_client",
    "announce_document",
    "apply",
    "approve_reviewed",
    "attest",
    "change_profile",
    "complete_document",
    "correct_profile",
    "decide",
    "decide_document",
    "download_address",
    "endpoint",
    "find_seller",
    "invite",
    "is_operator",
    "is_supplier",
    "issue_secret",
    "list_documents",
    "list_members",
    "list_suppliers",
    "offboard",
    "open_bank_account",
    "open_review",
    "park_onboarding",
    "payout_account",
    "probe",
    "read_checklist",
    "read_document",
    "read_own",
    "read_screening_list",
    "read_standings",
    "read_supplier",
    "read_timeline",
    "reinstate",
    "reject",
    "remove_member",
    "require_access",
    "require_operator",
    "return_address",
    "reverse_correction",
    "seller_from",
    "seller_keys",
    "set_bank_account",
    "set_bearer_token",
    "set_checklist",
    "set_screening_list",
    "stage_changes",
    "stage_correction",
    "start_workflow",
    "submit_again",
    "suspend",
    "verify_profile",
    "waive",
]
