"""casework: who cares for a household, which agencies take part on which ground, until when, and what came of it.

Owns agencies, people, posts, sign-in and sessions; cases, invitations, meetings, tasks, plans, progress entries, visit
requests and clocks. States the facts of ``shared.events.casework``; listens to intake (households, consultations,
types, consent, protection), outreach (visits) and notify (receipts). Holds no name, address or birth date of a family.
"""
