"""outreach: who goes to a household, when, and what came of it.

Owns teams, workers' skills and hours, visits (assignment, answers, check-in and check-out), results, observations,
notes at the door, the trust stage, the counters of absence and the ladder that follows them.
States: visit_assigned, assignment_answered, visit_started, visit_reported, visit_report_undone, member_met,
member_meeting_undone, absence_repeated, checkin_missed.
Listens to intake (areas, flags, urgency, consent, protection, erasure) and casework (posts, cases, visit requests).
"""
