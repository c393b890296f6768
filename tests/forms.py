"""A form on a page, as a browser would send it."""

from __future__ import annotations

from html.parser import HTMLParser


class Fields(HTMLParser):
    """What a browser would send of the first form that posts to ``action``, as it was shown."""

    def __init__(self, html: str, action: str) -> None:
        super().__init__()
        self.sent: dict[str, str] = {}
        self._action, self._inside, self._select = action, False, ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = own.get("action") == self._action
        elif self._inside and tag == "input":
            if own.get("type") != "checkbox" or "checked" in own:
                self.sent[own["name"]] = own.get("value", "")
        elif self._inside and tag == "select":
            self._select = own["name"]
            self.sent.setdefault(self._select, "")
        elif self._inside and tag == "option" and "selected" in own:
            self.sent[self._select] = own.get("value", "")
