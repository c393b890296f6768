"""notify: whoever must act learns it, without a name in the message, and somebody else does when they don't look.

Owns the rules (which fact concerns whom, until when), notifications, receipts, preferences, e-mail deliveries.
States: notification_sent, notification_read, notification_unanswered.
Listens to intake, casework and outreach; keeps of them only ids, codes, posts and dates.
"""
