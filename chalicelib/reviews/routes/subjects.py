"""Who owns what is reviewed, and so writes the corrections: services of other contexts, which reviews itself does not know."""

from chalicelib.core.errors import AisleError, RuleBroken
from chalicelib.listings.domain.life import CannotCorrect, NothingProposed
from chalicelib.listings.service.change_state import stage_correction
from chalicelib.reviews.service import StageCorrection
from chalicelib.suppliers.domain.life import CorrectionOutdated, NothingToCorrect
from chalicelib.suppliers.domain.shape import ProfileMisshapen
from chalicelib.suppliers.service.correct_profile import stage_changes

OWNERS: dict[str, StageCorrection] = {"listing": stage_correction, "supplier": stage_changes}
"""By type of subject. Allocations and parked steps have no fields to correct."""

REFUSALS: list[type[AisleError]] = [
    CannotCorrect,
    CorrectionOutdated,
    NothingProposed,
    NothingToCorrect,
    ProfileMisshapen,
]
"""What owners raise for what cannot be corrected so."""


class NotCorrectable(RuleBroken):
    code = "not_correctable"
    title = "This kind of subject is not corrected here"


def owner_of(subject_type: str) -> StageCorrection:
    """Who writes corrections of a type of subject. Raises `NotCorrectable`."""
    if subject_type not in OWNERS:
        raise NotCorrectable(f"There are no fields of a {subject_type} to correct.")
    return OWNERS[subject_type]
