"""What an API's description says of refusals: every operation answers them alike, as RFC 9457 problem details."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI

_PROBLEM: Final = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457 problem details; the title is a sentence for people.",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "text"],
                "properties": {"field": {"type": "string"}, "text": {"type": "string"}},
                "additionalProperties": False,
            },
        },
    },
}
_WORDS: Final = {
    202: "It has been recorded and is on its way here; ask again.",
    400: "The body can't be read.",
    401: "Nobody is signed in, or the session or post has ended.",
    403: "This post may not do it, or the request came from another site.",
    404: "There is nothing here that this post may see.",
    409: "Somebody was quicker, or the key came with another body.",
    413: "The body is too large.",
    422: "A field can't be read, or a rule says no.",
    429: "Too many requests; Retry-After says when to go on.",
}
_READING: Final = (401, 403, 404, 422, 429)
_CHANGING: Final = (400, 401, 403, 404, 409, 413, 422, 429)
_METHODS: Final = {"get": _READING, "delete": _CHANGING, "post": _CHANGING, "put": _CHANGING, "patch": _CHANGING}


def describe_refusals(app: FastAPI) -> None:
    """Let the application's OpenAPI description name the refusals of every operation."""
    plain: Callable[[], dict[str, Any]] = app.openapi
    known: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        if not known:
            known.update(_with_refusals(plain()))
        return known

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's own way of changing the description


def _with_refusals(told: dict[str, Any]) -> dict[str, Any]:
    components = told.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = _PROBLEM
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    components["responses"] = {str(status): _answer(status, words) for status, words in _WORDS.items()}
    for path, item in told["paths"].items():
        for method, operation in item.items():
            answers = operation["responses"]
            answers.pop("422", None)
            for status in (*_METHODS[method], *((202,) if "{" in path else ())):
                answers.setdefault(str(status), {"$ref": f"#/components/responses/{status}"})
    return told


def _answer(status: int, words: str) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    seconds = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
    return {"description": words, "content": content, **({"headers": seconds} if status == 429 else {})}  # noqa: PLR2004
