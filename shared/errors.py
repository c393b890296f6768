"""What a person is told when something can't be done.

    Refused (422)          the rules say no, with a sentence and perhaps the field
    ├── Forbidden (403)    this post may not do it
    ├── Missing (404)      there is nothing here that this post may see
    └── Conflict (409)     somebody was quicker, or the same key came with another body

Texts are gettext messages marked with ``shared.i18n.N_``; ``params`` fill their ``{placeholders}`` after translation.
"""

from __future__ import annotations


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """A rule said no. ``text``: message id; ``field``: name of the form field it belongs to."""

    status = 422

    def __init__(self, text: str, field: str | None = None, **params: object) -> None:
        super().__init__(text)
        self.text = text
        self.field = field
        self.params = params


class Forbidden(Refused):
    """The actor's post does not allow it."""

    status = 403


class Missing(Refused):
    """Not there, or not visible to this actor: the two are told alike, so that nobody learns by asking."""

    status = 404


class Conflict(Refused):
    """The record has moved on since it was shown, or an idempotency key was reused for something else."""

    status = 409
