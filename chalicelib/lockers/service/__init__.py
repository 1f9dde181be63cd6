"""Use cases of lockers."""

from chalicelib.lockers.domain.passcodes import PasscodeLocked, PasscodeRefused
from chalicelib.lockers.domain.pickups import Pickup
from chalicelib.lockers.domain.sites import SitePaused
from chalicelib.lockers.gateways.devices import CsrRefused
from chalicelib.lockers.service.acknowledge import look_after, record_acknowledgement
from chalicelib.lockers.service.activate import allow_provisioning, issue_activation
from chalicelib.lockers.service.allocate import open_pickup, serve_waitlist
from chalicelib.lockers.service.announce_foreign import NotAtSite, announce_foreign
from chalicelib.lockers.service.cabinets import (
    CabinetState,
    add_cabinet,
    certify_cabinet,
    list_cabinets,
    list_compartments,
    read_cabinet,
    revoke_certificate,
)
from chalicelib.lockers.service.configuration import configure_cabinet, read_configuration
from chalicelib.lockers.service.confirm_pickup import check_code, confirm_at_cabinet, confirm_by_link, fingerprint_of
from chalicelib.lockers.service.decommission import block_cabinet, release_cabinet, retire_cabinet
from chalicelib.lockers.service.drop_off import (
    clear_drop_off,
    list_drop_offs,
    must_find_drop_off,
    open_for_drop_off,
    request_drop_off,
)
from chalicelib.lockers.service.hear import hear, record_presence
from chalicelib.lockers.service.hold import (
    await_clearing,
    cancel_pickup,
    clear_compartment,
    extend_pickup,
    go_on,
    hold_pickup,
    request_passcode,
)
from chalicelib.lockers.service.issue_passcode import Issued, issue_passcode, revoke_delegate
from chalicelib.lockers.service.load import MakeReady, load_compartment
from chalicelib.lockers.service.offline import follow_pickup, keep_shut_offline
from chalicelib.lockers.service.open_compartments import open_compartments
from chalicelib.lockers.service.pickups import find_pickup, list_pickups, read_pickup
from chalicelib.lockers.service.poll import Messages, hear_polling, issue_token, poll_commands, revoke_token
from chalicelib.lockers.service.sites import (
    FoundSite,
    SiteUnknown,
    change_site,
    create_site,
    nearest_sites,
    read_site,
    site_for_order,
)
from chalicelib.lockers.service.staff import (
    SiteFigures,
    block_compartment,
    free_compartment,
    hand_out_pickup,
    open_by_staff,
    read_cabinet_timeline,
    read_command,
    read_figures,
    relocate_pickup,
)
from chalicelib.lockers.service.watch import watch_cabinets
from chalicelib.lockers.store.cabinets import SerialTaken
from chalicelib.lockers.store.sites import SiteExists

__all__ = [
    "CabinetState",
    "CsrRefused",
    "FoundSite",
    "Issued",
    "MakeReady",
    "Messages",
    "NotAtSite",
    "PasscodeLocked",
    "PasscodeRefused",
    "Pickup",
    "SerialTaken",
    "SiteExists",
    "SiteFigures",
    "SitePaused",
    "SiteUnknown",
    "add_cabinet",
    "allow_provisioning",
    "announce_foreign",
    "await_clearing",
    "block_cabinet",
    "block_compartment",
    "cancel_pickup",
    "certify_cabinet",
    "change_site",
    "check_code",
    "clear_compartment",
    "clear_drop_off",
    "configure_cabinet",
    "confirm_at_cabinet",
    "confirm_by_link",
    "create_site",
    "extend_pickup",
    "find_pickup",
    "fingerprint_of",
    "follow_pickup",
    "free_compartment",
    "go_on",
    "hand_out_pickup",
    "hear",
    "hear_polling",
    "hold_pickup",
    "issue_activation",
    "issue_passcode",
    "issue_token",
    "keep_shut_offline",
    "list_cabinets",
    "list_compartments",
    "list_drop_offs",
    "list_pickups",
    "load_compartment",
    "look_after",
    "must_find_drop_off",
    "nearest_sites",
    "open_by_staff",
    "open_compartments",
    "open_for_drop_off",
    "open_pickup",
    "poll_commands",
    "read_cabinet",
    "read_cabinet_timeline",
    "read_command",
    "read_configuration",
    "read_figures",
    "read_pickup",
    "read_site",
    "record_acknowledgement",
    "record_presence",
    "release_cabinet",
    "relocate_pickup",
    "request_drop_off",
    "request_passcode",
    "retire_cabinet",
    "revoke_certificate",
    "revoke_delegate",
    "revoke_token",
    "serve_waitlist",
    "site_for_order",
    "watch_cabinets",
]
