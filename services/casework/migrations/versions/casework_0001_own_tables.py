"""own tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "casework_0001"
down_revision = None
branch_labels = ("casework",)
depends_on = None


def upgrade() -> None:  # noqa: PLR0915 - one statement a table
    """Forward."""
    op.create_table(
        "agency",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ja", sa.Text(), nullable=False),
        sa.Column("en", sa.Text(), nullable=False),
        sa.Column("areas", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_agency")),
    )
    op.create_index(op.f("ix_agency_kind"), "agency", ["kind"], unique=False)
    op.create_table(
        "case_number",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_case_number")),
    )
    op.create_table(
        "consent",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household", sa.Uuid(), nullable=False),
        sa.Column("member", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("recipients", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("confirm_by", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    op.create_index(op.f("ix_consent_household"), "consent", ["household"], unique=False)
    op.create_table(
        "consultation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household", sa.Uuid(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=True),
        sa.Column("referrer", sa.Text(), nullable=True),
        sa.Column("worries", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("main_worry", sa.Text(), nullable=True),
        sa.Column("safety_flags", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("received_by", sa.Uuid(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consultation")),
    )
    op.create_index(op.f("ix_consultation_household"), "consultation", ["household"], unique=False)
    op.create_index(op.f("ix_consultation_received_by"), "consultation", ["received_by"], unique=False)
    op.create_table(
        "household",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("area", sa.Text(), nullable=True),
        sa.Column("district", sa.Text(), nullable=True),
        sa.Column("incomplete", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("protected", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("worries", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("safety_flags", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household")),
    )
    op.create_table(
        "household_type",
        sa.Column("household", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("rule_version", sa.Text(), nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("matched_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("household", "code", name=op.f("pk_household_type")),
    )
    op.create_table(
        "member_contact",
        sa.Column("member", sa.Uuid(), nullable=False),
        sa.Column("household", sa.Uuid(), nullable=False),
        sa.Column("met_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("left_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("member", name=op.f("pk_member_contact")),
    )
    op.create_index(op.f("ix_member_contact_household"), "member_contact", ["household"], unique=False)
    op.create_table(
        "notice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("post", sa.Uuid(), nullable=False),
        sa.Column("household", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("because", sa.Uuid(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unanswered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index(op.f("ix_notice_because"), "notice", ["because"], unique=False)
    op.create_index(op.f("ix_notice_household"), "notice", ["household"], unique=False)
    op.create_index(
        "ix_notice_post_open", "notice", ["post"], unique=False, postgresql_where=sa.text("read_at IS NULL")
    )
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kana", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("romaji", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
    )
    op.create_table(
        "protection",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household", sa.Uuid(), nullable=False),
        sa.Column("ended", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_protection")),
    )
    op.create_index(op.f("ix_protection_household"), "protection", ["household"], unique=False)
    op.create_table(
        "visit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("household", sa.Uuid(), nullable=False),
        sa.Column("team", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("workers", sa.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("accepted", sa.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("contact", sa.Text(), nullable=True),
        sa.Column("card_left", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
    )
    op.create_index(op.f("ix_visit_case_id"), "visit", ["case_id"], unique=False)
    op.create_index(op.f("ix_visit_household"), "visit", ["household"], unique=False)
    op.create_index(op.f("ix_visit_request"), "visit", ["request"], unique=False)
    op.create_table(
        "post",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("areas", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("title_ja", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("title_en", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("head", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["agency"], ["agency.code"], name=op.f("fk_post_agency_agency")),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_post_person_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_post")),
        sa.UniqueConstraint("code", name=op.f("uq_post_code")),
    )
    op.create_index(op.f("ix_post_agency"), "post", ["agency"], unique=False)
    op.create_index(op.f("ix_post_person"), "post", ["person"], unique=False)
    op.create_table(
        "duty_post",
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("post", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(["post"], ["post.id"], name=op.f("fk_duty_post_post_post")),
        sa.PrimaryKeyConstraint("area", "post", name=op.f("pk_duty_post")),
    )
    op.create_table(
        "sign_in",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("post", sa.Uuid(), nullable=False),
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["post"], ["post.id"], name=op.f("fk_sign_in_post_post")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_sign_in_secret_hash")),
    )
    op.create_index(op.f("ix_sign_in_post"), "sign_in", ["post"], unique=False)
    op.create_table(
        "support_case",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("household", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.Uuid(), nullable=False),
        sa.Column("lead", sa.Text(), nullable=True),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("share_track", sa.Text(), nullable=False),
        sa.Column("bounces", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lead_undecided", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("waiting_since", sa.Date(), nullable=True),
        sa.Column("next_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_because", sa.Uuid(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("close_reason", sa.Text(), nullable=True),
        sa.Column("close_note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("reopened", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("visits", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("absences", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("trust_stage", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("first_contact_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_visit_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_result", sa.Text(), nullable=True),
        sa.Column("person_met_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_visit_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("state IN ('open', 'closed')", name=op.f("ck_support_case_state")),
        sa.ForeignKeyConstraint(["household"], ["household.id"], name=op.f("fk_support_case_household_household")),
        sa.ForeignKeyConstraint(["lead"], ["agency.code"], name=op.f("fk_support_case_lead_agency")),
        sa.ForeignKeyConstraint(["owner"], ["post.id"], name=op.f("fk_support_case_owner_post")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_case")),
        sa.UniqueConstraint("number", name=op.f("uq_support_case_number")),
    )
    op.create_index(
        "ix_support_case_board", "support_case", ["state", "waiting_since", "urgency", "number"], unique=False
    )
    op.create_index("ix_support_case_due", "support_case", ["state", "next_due_at", "number"], unique=False)
    op.create_index(op.f("ix_support_case_household"), "support_case", ["household"], unique=False)
    op.create_index(
        "ix_support_case_opened",
        "support_case",
        ["state", sa.literal_column("opened_at DESC"), sa.literal_column("number DESC")],
        unique=False,
    )
    op.create_index(op.f("ix_support_case_owner"), "support_case", ["owner"], unique=False)
    op.create_index(
        "uq_support_case_open", "support_case", ["household"], unique=True, postgresql_where=sa.text("state = 'open'")
    )
    op.create_table(
        "clock",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("household", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("about", sa.Uuid(), nullable=True),
        sa.Column("owner", sa.Uuid(), nullable=True),
        sa.Column("agency", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("missed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["support_case.id"], name=op.f("fk_clock_case_id_support_case"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock")),
    )
    op.create_index(op.f("ix_clock_about"), "clock", ["about"], unique=False)
    op.create_index("ix_clock_case_stopped", "clock", ["case_id", "stopped_at"], unique=False)
    op.create_index(
        "ix_clock_running",
        "clock",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("stopped_at IS NULL AND missed_at IS NULL"),
    )
    op.create_table(
        "entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("corrects", sa.Uuid(), nullable=True),
        sa.Column("correction_reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("with_whom", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("facts", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("words", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("judgement", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("next_step", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("scope", sa.Text(), server_default=sa.text("'all'"), nullable=False),
        sa.Column("author", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("fixed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('corrected', 'draft', 'fixed')", name=op.f("ck_entry_state")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["support_case.id"], name=op.f("fk_entry_case_id_support_case"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["corrects"], ["entry.id"], name=op.f("fk_entry_corrects_entry"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry")),
    )
    op.create_index(
        "ix_entry_case_occurred",
        "entry",
        ["case_id", sa.literal_column("occurred_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_table(
        "happening",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=True),
        sa.Column("post", sa.Uuid(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["support_case.id"], name=op.f("fk_happening_case_id_support_case"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_happening")),
    )
    op.create_index(
        "ix_happening_case_at",
        "happening",
        ["case_id", sa.literal_column("at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_table(
        "invitation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("household", sa.Uuid(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("answer_due", sa.Date(), nullable=False),
        sa.Column("invited_by", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("answer_reason", sa.Text(), nullable=True),
        sa.Column("answer_text", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("acting_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("reminders", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('asked', 'discuss', 'accepted', 'acting', 'returned', 'left', 'withdrawn')",
            name=op.f("ck_invitation_state"),
        ),
        sa.ForeignKeyConstraint(["agency"], ["agency.code"], name=op.f("fk_invitation_agency_agency")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["support_case.id"], name=op.f("fk_invitation_case_id_support_case"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
    )
    op.create_index("ix_invitation_agency_state", "invitation", ["agency", "state", "answer_due"], unique=False)
    op.create_index(op.f("ix_invitation_case_id"), "invitation", ["case_id"], unique=False)
    op.create_index(op.f("ix_invitation_household"), "invitation", ["household"], unique=False)
    op.create_index(
        "uq_invitation_live",
        "invitation",
        ["case_id", "agency"],
        unique=True,
        postgresql_where=sa.text("state IN ('asked', 'discuss', 'accepted', 'acting')"),
    )
    op.create_table(
        "meeting",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("agencies", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("called_by", sa.Uuid(), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("minutes", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.CheckConstraint("state IN ('called', 'cancelled', 'held')", name=op.f("ck_meeting_state")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["support_case.id"], name=op.f("fk_meeting_case_id_support_case"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting")),
    )
    op.create_index(op.f("ix_meeting_case_id"), "meeting", ["case_id"], unique=False)
    op.create_table(
        "plan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("plan_no", sa.SmallInteger(), nullable=False),
        sa.Column("goal", sa.Text(), nullable=False),
        sa.Column("goal_by", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("monitoring_on", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drafted_by", sa.Uuid(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("document", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("evaluated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attainment", sa.Text(), nullable=True),
        sa.Column("changes", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("next_policy", sa.Text(), nullable=True),
        sa.Column("evaluation", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.CheckConstraint("state IN ('decided', 'draft', 'evaluated')", name=op.f("ck_plan_state")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["support_case.id"], name=op.f("fk_plan_case_id_support_case"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
        sa.UniqueConstraint("case_id", "plan_no", name=op.f("uq_plan_case_id_plan_no")),
    )
    op.create_index(op.f("ix_plan_case_id"), "plan", ["case_id"], unique=False)
    op.create_table(
        "visit_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("household", sa.Uuid(), nullable=False),
        sa.Column("aim", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("persons", sa.SmallInteger(), nullable=False),
        sa.Column("safety_flags", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("skills", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("slots", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("area", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('asked', 'assigned', 'cancelled', 'ended', 'visited')", name=op.f("ck_visit_request_state")
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["support_case.id"], name=op.f("fk_visit_request_case_id_support_case"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_request")),
    )
    op.create_index(op.f("ix_visit_request_case_id"), "visit_request", ["case_id"], unique=False)
    op.create_index(op.f("ix_visit_request_household"), "visit_request", ["household"], unique=False)
    op.create_table(
        "plan_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("plan", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=True),
        sa.Column("who", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("family_does", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("frequency", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.ForeignKeyConstraint(["plan"], ["plan.id"], name=op.f("fk_plan_line_plan_plan"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_line")),
    )
    op.create_index(op.f("ix_plan_line_plan"), "plan_line", ["plan"], unique=False)
    op.create_table(
        "task",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("meeting", sa.Uuid(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("post", sa.Uuid(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("assigned_by", sa.Uuid(), nullable=False),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("state IN ('doing', 'done', 'dropped', 'open')", name=op.f("ck_task_state")),
        sa.ForeignKeyConstraint(["agency"], ["agency.code"], name=op.f("fk_task_agency_agency")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["support_case.id"], name=op.f("fk_task_case_id_support_case"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["meeting"], ["meeting.id"], name=op.f("fk_task_meeting_meeting"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
    )
    op.create_index("ix_task_agency_state", "task", ["agency", "state", "due_on"], unique=False)
    op.create_index(op.f("ix_task_case_id"), "task", ["case_id"], unique=False)
