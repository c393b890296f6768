"""The tables of intake: the one home of names, addresses, telephone numbers, birth dates and map cells.

Codes are those of ``services/intake/codes``; times are UTC. What is *unknown* is stored as the code
``unknown`` (or as a missing key of ``traits``), never as an empty yes or no. Tables marked *projection* are
filled from other services' facts by ``handlers.py`` and can be built again from their logs.
"""

from services.intake.tables.columns import Base
from services.intake.tables.consents import Consent, ConsentText
from services.intake.tables.disclosures import DisclosureMark, DisclosureRequest, disclosure_number
from services.intake.tables.households import (
    AccessGrant,
    CaseOfHousehold,
    Consultation,
    Household,
    HouseholdLink,
    LedgerRow,
    Member,
    SearchKey,
    TypeFinding,
    household_number,
)
from services.intake.tables.protection import Allowance, Apart, Glass, Protection
from services.intake.tables.retention import Disposal, DisposalReceipt, LegalHold

__all__ = [
    "AccessGrant", "Allowance", "Apart", "Base", "CaseOfHousehold", "Consent", "ConsentText", "Consultation",
    "DisclosureMark", "DisclosureRequest", "Disposal", "DisposalReceipt", "Glass", "Household", "HouseholdLink",
    "LedgerRow", "LegalHold", "Member", "Protection", "SearchKey", "TypeFinding", "disclosure_number",
    "household_number",
]  # fmt: skip
