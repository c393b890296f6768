"""The rules of intake, pure: facts in, decisions with their reasons out; no clock, no database, no network.

    kleene          yes, no, unknown
    birth           intervals of birth days, ages;  birth_reading  reads 和暦 and the rest
    facts           what the rules know of members and households
    types           household types (世帯類型): match / possible / no, each with its reasons
    urgency         a proposal A-D with its clock
    screening       what becomes of a consultation
    matching        who is perhaps known already (names, addresses)
    consent         per person, purpose and recipient;  wording  the text that is explained and signed

A rule finds and proposes; people decide.
"""
