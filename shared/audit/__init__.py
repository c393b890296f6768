"""Who saw, searched, printed, exported, shared or changed what, when, in which post, from where: append-only, chained.

    note(session, actor, action, households, basis=…, reason=…)     write it down, in the request's own transaction
    sealing.Sealer                                                  numbers the rows and links each to the one before
    witness                                                         what the services keep of one another's chains
    verifying.verify_chain                                          names the first row that is not as it was written
    routes                                                          the auditor's view of one service's own log

Rows hold ids and codes, and the reason that somebody gave; no name of a family stands in them.
"""

from __future__ import annotations

from shared.audit.rows import AuditAnchor, AuditEntry, note

__all__ = ["AuditAnchor", "AuditEntry", "note"]
