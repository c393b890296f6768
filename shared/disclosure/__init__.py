"""The verb "export for disclosure" (開示請求, 個人情報保護法 76–88条), the same in every service.

    parts.Export    what one service holds about a household: parts with words, and who saw it
    words           what parts and their fields are called, in both languages
    logged          the lines of the service's own audit about a household
    routes          ``GET /api/disclosure/{household}``: for who handles requests; its number is the reason

A service says how it collects its parts when it is built (``build_service(disclose=…)``); intake puts the file
together.
"""

from __future__ import annotations

from shared.disclosure.parts import BASIS, DISCLOSING, Access, Export, Part, PostTitle, Said, say

__all__ = ["BASIS", "DISCLOSING", "Access", "Export", "Part", "PostTitle", "Said", "say"]
