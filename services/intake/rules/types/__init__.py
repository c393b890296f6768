"""Household types (世帯類型): detected patterns, each a question with its reasons, never a verdict on people.

    find_types(household, on, book)  →  one TypeResult for each type: match, possible or no
    warn_about(household, on, book)  →  what looks like a slip in the data

The rules are those of the project's domain paper, section 3; the ward's plan (中野区 2023-01) names the first three and
defines none. Thresholds and the meaning of codes stand in the rule book.
"""

from services.intake.rules.types.results import (
    RULES,
    Rule,
    TypeResult,
    Verdict,
    find_type,
    find_types,
    open_questions,
    warn_about,
)

__all__ = [
    "RULES",
    "Rule",
    "TypeResult",
    "Verdict",
    "find_type",
    "find_types",
    "open_questions",
    "warn_about",
]
