"""A person's file as it is given (開示): the marks of an officer read, black spans put in, and the same as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.intake.requests.disclosures import MarkIn
from services.intake.rules.disclosure import BLACK, EVERYWHERE
from shared.audit.words import action_word
from shared.disclosure.words import field_word, kind_word

if TYPE_CHECKING:
    from services.intake.queries.persons_file import PersonsFile
    from shared.service import Service


def marks_of(fields: dict[str, Any]) -> list[MarkIn]:
    """The marks of the form: rows ``m.<n>.part|field|phrase|ground|on``, parts ``w.<key>``, and one phrase more."""
    rows: dict[str, dict[str, str]] = {}
    marks: list[MarkIn] = []
    for name, value in fields.items():
        head, _, tail = name.partition(".")
        if head == "m":
            number, _, column = tail.partition(".")
            rows.setdefault(number, {})[column] = str(value)
        elif head == "w" and value:
            marks.append(MarkIn(part=tail, ground=str(value)))
    for row in rows.values():
        place = {name: row.get(name, "") for name in ("part", "field", "phrase")}
        marks.append(MarkIn.model_validate(place | {"ground": row.get("ground") if row.get("on") else None}))
    if phrase := str(fields.get("add_phrase", "")).strip():
        marks.append(MarkIn(part=EVERYWHERE, phrase=phrase, ground=str(fields.get("add_ground", ""))))
    return marks


def as_json(file: PersonsFile, here: Service, locale: str) -> dict[str, Any]:
    """The file as it is given, without anything that was blacked out."""
    codes = here.codes
    return {
        "number": file.request.number,
        "received_on": file.request.received_on.isoformat(),
        "decision": codes.label("DECISION", file.request.decision, locale),
        "black": BLACK,
        "grounds": {
            code: codes.label("DISCLOSURE_GROUND", code, locale) for code in sorted(grounds_in(file))
        },
        "parts": [
            {
                "kind": kind_word(view.part.kind),
                "at": view.part.at.isoformat() if view.part.at else None,
                "by": file.title(view.part.post),
                "withheld": view.ground or None,
                "fields": [
                    {
                        "name": field_word(name.partition(".")[0]),
                        "text": "".join(piece.text for piece in pieces),
                        "grounds": sorted({piece.ground for piece in pieces if piece.ground}),
                    }
                    for name, pieces, _ in view.said
                ],
            }
            for view in file.parts
        ],
        "accesses": [
            {
                "by": file.title(line.post) or file.agencies.get(line.agency or "", ""),
                "what": action_word(line.action),
                "first_at": line.first_at.isoformat(),
                "last_at": line.last_at.isoformat(),
                "times": line.times,
                "from": line.place,
                "basis": line.basis,
                "reason": given_reason(file, line.reason),
            }
            for line in file.accesses
        ],
    }  # fmt: skip


def given_reason(file: PersonsFile, reason: str | None) -> str | None:
    """What a person wrote as the reason of a look, with the phrases that are black everywhere taken out of it too."""
    if reason is None:
        return None
    for mark, _ in sorted(file.marks, key=lambda one: -len(one[0].phrase)):
        if mark.ground and mark.phrase and mark.part == EVERYWHERE:
            reason = reason.replace(mark.phrase, BLACK)
    return reason


def grounds_in(file: PersonsFile) -> set[str]:
    """The grounds on which something of it is black or withheld."""
    whole = {view.ground for view in file.parts}
    return (whole | {piece.ground for view in file.parts for _, pieces, _ in view.said for piece in pieces}) - {""}
