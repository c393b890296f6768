"""Every ``./kasane`` command: names, options and help.

What each does lives in ``services/commands`` and is imported only when it runs, so that ``./kasane --help`` is quick.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="kasane",
    help="Kasane (重層的支援体制整備事業). Start with: ./kasane demo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
parked = typer.Typer(no_args_is_help=True, help="list, show, retry, skip: events that could not be applied.")
log = typer.Typer(no_args_is_help=True, help="adopt: accept a log after a restored backup.")
app.add_typer(parked, name="parked", rich_help_panel="Operate")
app.add_typer(log, name="log", rich_help_panel="Operate")
audit = typer.Typer(no_args_is_help=True, help="verify: is the audit of every service as it was written?")
app.add_typer(audit, name="audit", rich_help_panel="Operate")
bench = typer.Typer(no_args_is_help=True, help="How fast it is, beside what one would use instead.")
app.add_typer(bench, name="bench", rich_help_panel="Develop")

account = typer.Typer(no_args_is_help=True, help="invite, reset, list: who may sign in with a password.")
app.add_typer(account, name="account", rich_help_panel="Operate")

Data = Annotated[Path | None, typer.Option(help="Folder of the data.", envvar="KASANE_DATA", show_default="./.demo")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")]


@app.command(rich_help_panel="Run")
def demo(
    data: Data = None,
    port: Port = 8050,
    fresh: Annotated[bool, typer.Option("--fresh", help="Delete the data and start over.")] = False,
    days: Annotated[int, typer.Option(min=0, max=366, help="Play the last so many days one by one.")] = 0,
    households: Annotated[
        int, typer.Option(min=0, max=3000, help="Households in care, with a year each; a ward has 300.")
    ] = 120,
) -> None:
    """Run everything with a made-up ward, on http://127.0.0.1:8050."""
    from services.demo import run

    raise typer.Exit(run(data, port=port, fresh=fresh, days=days, households=households))


@app.command(rich_help_panel="Run")
def story(
    json: Json = False,
    against: Annotated[str | None, typer.Option(help="Play it against a running Kasane at this address.")] = None,
) -> None:
    """Play the main job over HTTP; tell what arrived where."""
    from services.story import run

    raise typer.Exit(run(json=json, against=against))


@app.command("import", rich_help_panel="Run")
def import_(
    file: Annotated[Path | None, typer.Argument(help="CSV (UTF-8, Shift_JIS) or Excel.", show_default=False)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and judge, keep nothing.")] = False,
    errors: Annotated[Path | None, typer.Option(help="Where refused rows go, with field and reason.")] = None,
    template: Annotated[Path | None, typer.Option(help="Write an empty ledger with all headings, and stop.")] = None,
    data: Data = None,
) -> None:
    """Import a ledger of households; each row once, however often."""
    from services.commands.ledger import run

    raise typer.Exit(run(file, dry_run=dry_run, errors=errors, template=template, data=data))


@app.command(rich_help_panel="Run")
def serve(
    service: Annotated[str, typer.Argument(help="intake, casework, outreach or notify.")],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Port = 8000,
) -> None:
    """Run one service as a process (see docs/operations.md)."""
    from services.commands.serve import run

    raise typer.Exit(run(service, host=host, port=port))


@app.command(rich_help_panel="Operate")
def status(
    data: Data = None,
    json: Json = False,
    watch: Annotated[bool, typer.Option("--watch", help="Look again and again, until Ctrl-C.")] = False,
    every: Annotated[float, typer.Option(min=0.5, max=3600, help="Seconds between two looks of --watch.")] = 2.0,
) -> None:
    """Logs, streams, readers, parked events, deliveries of all services."""
    from services.commands.status import run

    raise typer.Exit(run(data, as_json=json, watch=watch, every=every))


@app.command(rich_help_panel="Operate")
def rebuild(
    service: Annotated[str, typer.Argument(help="Whose projections.")],
    into: Annotated[
        str | None, typer.Option(metavar="DATABASE", help="Rebuild into this one, and keep it; made if not there.")
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Make a service's projections again from the logs of the others, and compare them with the live tables."""
    from services.commands.rebuild import run

    raise typer.Exit(run(data, service, into=into, as_json=json))


@app.command(rich_help_panel="Operate")
def migrate(
    services: Annotated[list[str] | None, typer.Argument(help="Which services; all if none is named.")] = None,
    seed: Annotated[bool, typer.Option("--seed", help="Fill empty databases with the made-up ward.")] = False,
) -> None:
    """Bring the databases up to date."""
    from services.commands.operate import migrate as run

    raise typer.Exit(run(services or [], seed=seed))


@app.command(rich_help_panel="Operate")
def secrets(
    folder: Annotated[Path, typer.Argument(help="Where to write them.")] = Path("secrets"),
    reader: Annotated[str | None, typer.Option(help="A partner's system that may follow the feeds.")] = None,
    types: Annotated[list[str] | None, typer.Option("--type", help="A type of event that it may have.")] = None,
    renew: Annotated[str | None, typer.Option(help="signing, services or a partner: anew, the old one beside.")] = None,
    retire: Annotated[str | None, typer.Option(help="The same: the old one no longer counts.")] = None,
) -> None:
    """Make the passwords and keys that docker-compose.yml mounts, and credentials for partners' systems."""
    from services.commands.secrets import run

    raise typer.Exit(run(folder, reader=reader, types=types or (), renew=renew, retire=retire))


@parked.command("list")
def parked_list(
    data: Data = None,
    closed: Annotated[bool, typer.Option("--closed", help="Also those done and skipped.")] = False,
    json: Json = False,
) -> None:
    """Parked events of every service, heads first."""
    from services.commands.parked import list_ as run

    raise typer.Exit(run(data, closed=closed, as_json=json))


@parked.command("show")
def parked_show(
    service: Annotated[str, typer.Argument(help="Whose.")], number: Annotated[int, typer.Argument()], data: Data = None
) -> None:
    """One parked event with its envelope (ids and codes only)."""
    from services.commands.parked import show as run

    raise typer.Exit(run(data, service, number))


@parked.command("retry")
def parked_retry(
    service: Annotated[str, typer.Argument(help="Whose.")],
    number: Annotated[int, typer.Argument()],
    by: Annotated[str, typer.Option(help="Who decided.")] = "operator",
    data: Data = None,
) -> None:
    """Have a parked event tried again; what stands behind it follows by itself."""
    from services.commands.parked import retry as run

    raise typer.Exit(run(data, service, number, by=by))


@parked.command("skip")
def parked_skip(
    service: Annotated[str, typer.Argument(help="Whose.")],
    number: Annotated[int, typer.Argument()],
    reason: Annotated[str, typer.Option(help="Why; it is kept.", prompt=True)],
    by: Annotated[str, typer.Option(help="Who decided.")] = "operator",
    data: Data = None,
) -> None:
    """Give a parked event up; what stands behind it is tried, not skipped."""
    from services.commands.parked import skip as run

    raise typer.Exit(run(data, service, number, by=by, reason=reason))


@account.command("invite")
def account_invite(
    login: Annotated[str, typer.Argument(help="Login name.")],
    *,
    name: Annotated[str, typer.Option(help="The person's name, where they are not registered yet.")] = "",
    role: Annotated[str, typer.Option(help="Role of their first post.")] = "operator",
    agency: Annotated[str, typer.Option(help="Agency of their first post; made if there is none.")] = "chiiki",
    data: Data = None,
    json: Json = False,
) -> None:
    """Give a person an account, and print the code to set it up with: the way in for the first administrator."""
    from services.commands.accounts import invite as run

    raise typer.Exit(run(data, login, name=name, role=role, agency=agency, as_json=json))


@account.command("reset")
def account_reset(
    login: Annotated[str, typer.Argument(help="Login name.")], data: Data = None, json: Json = False
) -> None:
    """Take password and second factor away at once, and print a code to set them up again."""
    from services.commands.accounts import reset as run

    raise typer.Exit(run(data, login, as_json=json))


@account.command("list")
def account_list(data: Data = None, json: Json = False) -> None:
    """Who has an account, and in what state."""
    from services.commands.accounts import list_ as run

    raise typer.Exit(run(data, as_json=json))


@log.command("adopt")
def log_adopt(service: Annotated[str, typer.Argument(help="Whose log.")], data: Data = None) -> None:
    """Accept a service's log after a restored backup: a new epoch, the old stream set aside, lost facts listed."""
    from services.commands.operate import adopt as run

    raise typer.Exit(run(data, service))


@audit.command("verify")
def audit_verify(
    service: Annotated[str | None, typer.Argument(help="Whose; all in reach if none is named.")] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Read every audit chain; name the first row that was changed, removed, inserted, moved or cut off."""
    from services.commands.auditing import verify as run

    raise typer.Exit(run(service, data, as_json=json))


@bench.command("spine")
def bench_spine(
    json: Json = False,
    systems: Annotated[
        list[str] | None, typer.Option("--systems", help="Only this one; may be given several times.")
    ] = None,
    without_peers: Annotated[
        bool, typer.Option("--without-peers", help="Leave out what needs packages of its own.")
    ] = False,
    rounds: Annotated[int | None, typer.Option(min=1, max=20, help="Interleaved rounds.", show_default="3")] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A trial of the bench itself: its figures mean nothing.")
    ] = False,
) -> None:
    """One durable hop: Kasane beside the hand-written limit and what one would use instead."""
    from services.commands.bench import spine as run

    raise typer.Exit(run(as_json=json, quick=quick, systems=systems or (), without_peers=without_peers, rounds=rounds))


@bench.command("audit")
def bench_audit(json: Json = False) -> None:
    """What the audit's chain costs a request, beside none and beside one made inside the request."""
    from services.commands.bench import audit as run

    raise typer.Exit(run(as_json=json))


@bench.command("story")
def bench_story(
    json: Json = False,
    rates: Annotated[
        list[float] | None, typer.Option("--rate", help="Households a second; may be given several times.")
    ] = None,
    seconds: Annotated[float | None, typer.Option(min=1, max=3600, help="At each rate.", show_default="60")] = None,
) -> None:
    """From saving a consultation to the notification in the inbox, and what the parts of the way cost."""
    from services.commands.bench import story as run

    raise typer.Exit(run(as_json=json, rates=rates or (), seconds=seconds))


@bench.command("rebuild")
def bench_rebuild(
    json: Json = False,
    households: Annotated[int, typer.Option(min=1, max=1_000_000, help="Households in the logs.")] = 100_000,
    services: Annotated[
        list[str] | None, typer.Option("--service", help="Only this one; may be given several times.")
    ] = None,
) -> None:
    """Logs of many households, followed by a live reader, then rebuilt and compared."""
    from services.commands.bench import rebuild as run

    raise typer.Exit(run(as_json=json, households=households, services=services or ()))


@bench.command("api")
def bench_api(
    json: Json = False,
    rounds: Annotated[int | None, typer.Option(min=1, max=20, help="Interleaved rounds.", show_default="3")] = None,
) -> None:
    """The busiest endpoints beside bare FastAPI and SQLAlchemy handlers that read and write the same rows."""
    from services.commands.bench import api as run

    raise typer.Exit(run(as_json=json, rounds=rounds))


@app.command(rich_help_panel="Develop", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def test(context: typer.Context) -> None:
    """All tests; further arguments go to pytest."""
    from services.commands.develop import test as run

    raise typer.Exit(run(context.args))


@app.command(rich_help_panel="Develop")
def check(
    fix: Annotated[bool, typer.Option("--fix", help="Format, and mend what can be mended.")] = False,
) -> None:
    """Format, lint, types, imports."""
    from services.commands.develop import check as run

    raise typer.Exit(run(fix=fix))


@app.command(rich_help_panel="Develop")
def faults(
    json: Json = False,
    minutes: Annotated[float, typer.Option(min=0, max=1440, help="Go on in further rounds for so long.")] = 0,
    seed: Annotated[int | None, typer.Option(min=0, help="Repeat the plan of another run.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="Only this kind of fault; may be given several times.")] = None,
    kinds: Annotated[int | None, typer.Option(min=1, help="Only so many kinds, which the seed chooses.")] = None,
) -> None:
    """Break every part while people work; count what was lost."""
    from services.faults.running import run

    raise typer.Exit(run(json=json, minutes=minutes, seed=seed, only=only or (), kinds=kinds))


@app.command("events-doc", rich_help_panel="Develop")
def events_doc() -> None:
    """Write docs/events.md from the contracts."""
    from services.commands.develop import events_doc as run

    raise typer.Exit(run())


@app.command(rich_help_panel="Develop")
def screenshots(
    folder: Annotated[Path, typer.Argument(help="Where the pictures go.")],
) -> None:
    """Pictures of the main pages (needs Chromium)."""
    from services.commands.develop import screenshots as run

    raise typer.Exit(run(folder))


@app.command(rich_help_panel="Develop")
def lock() -> None:
    """Pin the packages of requirements.in with hashes."""
    from services.commands.develop import lock as run

    raise typer.Exit(run())


@app.command(rich_help_panel="Develop")
def advisories(json: Json = False) -> None:
    """Whether anything pinned is known to be vulnerable."""
    from services.commands.advisories import run

    raise typer.Exit(run(as_json=json))


def main() -> None:
    """Run the command; what a person can mend is told in a sentence, without a traceback."""
    from services.commands.trouble import told

    with told():
        app(prog_name="./kasane")


if __name__ == "__main__":
    main()
