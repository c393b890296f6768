"""intake (相談受付): households, their members, and every contact about them.

Owns all that identifies a person: names, addresses, telephone numbers, birth dates, map cells; consultations,
screening, household types, consent, protection, links between records.

States ``household_registered`` ``household_changed`` ``member_left`` ``consultation_received``
``consultation_screened`` ``type_matched`` ``type_answered`` ``duplicate_suspected`` ``households_linked``
``households_unlinked`` ``consent_recorded`` ``consent_withdrawn`` ``consent_reminded`` ``protection_set``
``protection_ended``.

Listens to casework (posts and sessions, cases, owners, agencies, meetings, visit requests) and outreach (visits
assigned, members met): who may see which household.
"""
