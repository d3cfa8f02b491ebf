"""The commands of ./motcua. Each imports only what it needs, so that `status` starts as quickly as it can."""

# ruff: noqa: PLC0415 - imports inside commands: see above

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

from cyclopts import App, Parameter

from deploy.local.fold_commands import fold

DATA = Path(__file__).resolve().parents[2] / ".motcua" / "data"
DRILL = DATA.with_name("drill")
SERVICES = ("intake", "processing", "feedback", "reporting")
ALL = ",".join(SERVICES)

Data = Annotated[Path, Parameter(name="--data", help="Folder that keeps everything: databases, streams, keys, logs.")]
Sources = Annotated[str, Parameter(help="Which services' facts, with commas.")]
PassedOn = Annotated[str, Parameter(allow_leading_hyphen=True, show=False)]

Form = Literal["bundle", "ocel2", "parquet", "open-data"]

app = App(name="./motcua", help="Motcua on this machine: một cửa, one door.", version_flags=[])
events = App(name="events", help="Watch or export the facts.")
app.command(events)
drill = App(name="drill", help="Rehearse the worst day, with its times.")
app.command(drill)
app.command(fold)


@app.command
def up(
    data: Data = DATA,
    *,
    detach: Annotated[bool, Parameter(negative="", show_default=False, help="Return as soon as everything answers.")] = False,
    demo_clock: Annotated[bool, Parameter(negative="", show_default=False, help="Take the time from Motcua-Demo-Time.")] = False,
    services: Annotated[str, Parameter(help="Which services, with commas.")] = ALL,
    package: Annotated[str, Parameter(show=False)] = "services",
) -> int:
    """Start PostgreSQL, NATS and the services, and keep them alive until Ctrl-C."""
    from deploy.local import commands

    if detach:
        clock = ["--demo-clock"] if demo_clock else []
        return commands.up_detached(data.resolve(), ["--services", services, "--package", package, *clock])
    return commands.up(data.resolve(), [name for name in services.split(",") if name], package, demo_clock=demo_clock)


@app.command
def down(data: Data = DATA) -> int:
    """Stop what `up` started."""
    from deploy.local import commands

    return commands.down(data.resolve())


@app.command
def status(data: Data = DATA, *, json: Annotated[bool, Parameter(negative="", show_default=False, help="For programs.")] = False) -> int:
    """Show which process runs where and whether it answers. Exit code 3: nothing runs."""
    from deploy.local import commands

    return commands.status(data.resolve(), as_json=json)


@app.command
def images(services: Annotated[str, Parameter(help="Which services, with commas.")] = ALL) -> int:
    """Build an image of each service with the container engine that is here."""
    from deploy.local import images

    return images.build([name for name in services.split(",") if name])


@app.command
def demo(
    *,
    dossiers: Annotated[int, Parameter(help="How many dossiers.")] = 300,
    days: Annotated[int, Parameter(help="Over how many days.")] = 90,
    seed: Annotated[int, Parameter(help="The same seed tells the same story.")] = 1,
    json: Annotated[bool, Parameter(negative="", show_default=False, help="For programs.")] = False,
    keep: Annotated[bool, Parameter(negative="", show_default=False, help="Leave everything running.")] = False,
) -> int | None:
    """Play some months of a department's life through the real services."""
    from deploy.local import demo

    return demo.main(dossiers=dossiers, days=days, seed=seed, as_json=json, keep=keep)


@app.command
def compose_demo(
    *,
    dossiers: Annotated[int, Parameter(help="How many dossiers.")] = 200,
    days: Annotated[int, Parameter(help="Over how many days.")] = 90,
    seed: Annotated[int, Parameter(help="The same seed tells the same story.")] = 1,
    json: Annotated[bool, Parameter(negative="", show_default=False, help="For programs.")] = False,
    keep: Annotated[bool, Parameter(negative="", show_default=False, help="Leave everything running.")] = False,
) -> int:
    """Play the demo in containers, three NATS nodes among them, and kill a node and a worker in the middle."""
    from deploy.local import composed

    return composed.main(dossiers=dossiers, days=days, seed=seed, as_json=json, keep=keep)


@drill.command
def restore(
    *,
    dossiers: Annotated[int, Parameter(help="How many dossiers in each of the four stretches of work.")] = 60,
    json: Annotated[bool, Parameter(negative="", show_default=False, help="For programs.")] = False,
    data: Data = DRILL,
) -> int:
    """Lose the database's disk, restore a backup that is too old, and complete every log from its stream."""
    from deploy.local import drill_restore

    return drill_restore.restore(dossiers=dossiers, as_json=json, data=data.resolve())


@drill.command
def update(
    *,
    since: Annotated[
        str, Parameter(name="--from", help="Revision of the old processes; `release`: the last one, in deploy/release.yaml.")
    ] = "",
    json: Annotated[bool, Parameter(negative="", show_default=False, help="For programs.")] = False,
    data: Data = DRILL,
) -> int:
    """Replace every process, one after the other, while people work: no request may fail."""
    from deploy.local import drill_update, release

    revision = release.last_release().revision if since == "release" else since
    return drill_update.update(since=revision or None, as_json=json, data=data.resolve())


@app.command
def test(*pytest: PassedOn) -> None:
    """Run all tests on real servers; what follows is passed to pytest (-n0 --pdb, -k name, a path)."""
    from deploy.local import commands

    commands.test(pytest)


@app.command
def faults(
    *,
    minutes: Annotated[float, Parameter(help="For how long faults happen.")] = 1.0,
    seed: Annotated[int, Parameter(help="The same seed chooses the same schedule of faults.")] = 1,
    cluster: Annotated[bool, Parameter(negative="", show_default=False, help="Three NATS servers, three copies of each stream.")] = False,
    json: Annotated[bool, Parameter(negative="", show_default=False, help="For programs.")] = False,
) -> None:
    """Break whatever can break while dossiers are worked on, and see that nothing was lost, doubled or disordered."""
    from deploy.local import commands

    commands.faults(minutes=minutes, seed=seed, cluster=cluster, as_json=json)


@app.command
def fuzz(*parsers: str, minutes: Annotated[float, Parameter(help="For how long, all of them together.")] = 10.0) -> None:
    """Look for bytes that break a parser, led by what they reach (atheris): all of them, or those named. Exit code 1: some were found."""
    from deploy.local import commands

    commands.fuzz(parsers, minutes=minutes)


@app.command
def check() -> int:
    """Run format, lint, types, import rules and the tests that need no server."""
    from deploy.local import commands

    return commands.check()


@app.command
def bench(*arguments: PassedOn) -> None:
    """Measure Motcua beside its peers on this machine: [NAME…] --quick --json --write; `bench --list` names the rows."""
    from deploy.local import commands

    commands.bench(arguments)


@app.command
def verify(
    data: Data = DATA,
    *,
    bundle: Annotated[Path | None, Parameter(help="A file that events export has written: verify that, with no server.")] = None,
    dossier: Annotated[UUID | None, Parameter(help="Of the file, this dossier only: its events and the seals over them.")] = None,
    key: Annotated[list[str] | None, Parameter(negative="", help="A sealing key that you know (hexadecimal), several times.")] = None,
    witness: Annotated[list[Path] | None, Parameter(negative="", help="An earlier file: what it saw sealed must still hold.")] = None,
    json: Annotated[bool, Parameter(negative="", show_default=False, help="For programs.")] = False,
) -> int:
    """Check every log, stream and read table of the running Motcua against hashes, seals and witnesses; or an exported file."""
    if bundle is not None:
        from deploy.local import bundle as exported

        return exported.main(bundle, dossier, key or [], witness or [], as_json=json)
    from deploy.local import verify

    return verify.main(data.resolve(), as_json=json)


@app.command
def parked(
    data: Data = DATA,
    *,
    again: Annotated[
        bool, Parameter(negative="", show_default=False, help="Apply them once more first: the cause has been mended.")
    ] = False,
    json: Annotated[bool, Parameter(negative="", show_default=False, help="For programs.")] = False,
) -> int:
    """Show which facts a service could not apply and has put aside, and why. Exit code 1: there are some."""
    from deploy.local import parked

    return parked.main(data.resolve(), again=again, as_json=json)


@app.command
def recover(
    service: str,
    data: Data = DATA,
    *,
    json: Annotated[bool, Parameter(negative="", show_default=False, help="For programs.")] = False,
) -> int:
    """Bring back from a service's stream what its database, restored from an older backup, lacks.

    Parameters
    ----------
    service
        Whose database was restored: intake, processing, feedback or reporting.
    """
    from deploy.local import recover

    return recover.main(data.resolve(), service, as_json=json)


@app.command
def rebuild(
    service: str,
    model: str,
    data: Data = DATA,
    *,
    compare: Annotated[bool, Parameter(negative="", show_default=False, help="Only compare: what is shown stays.")] = False,
    json: Annotated[bool, Parameter(negative="", show_default=False, help="For programs.")] = False,
) -> int:
    """Fold a read model anew from the logs, compare it row by row with the one that is shown, and show it instead.

    Parameters
    ----------
    service
        Whose read model it is: intake, processing, feedback or reporting.
    model
        Its name, e.g. mirror.
    """
    from deploy.local import rebuild

    return rebuild.main(data.resolve(), service, model, only_compare=compare, as_json=json)


@events.command
def tail(
    data: Data = DATA,
    *,
    source: Sources = ALL,
    after: Annotated[int | None, Parameter(help="Begin behind this position of each; without it, with what comes next.")] = None,
) -> int:
    """Print facts as they are recorded, one line each, until Ctrl-C."""
    from deploy.local import events

    return events.tail(data.resolve(), source.split(","), after)


@events.command
def export(
    data: Data = DATA,
    *,
    out: Annotated[Path, Parameter(name=["--out", "-o"], allow_leading_hyphen=True, help="File to write; - is standard output.")],
    source: Sources = ALL,
    form: Annotated[
        Form,
        Parameter(
            name="--format", help="bundle proves itself; ocel2 is SQLite for process mining; parquet and open-data are folders of days."
        ),
    ] = "bundle",
    bundle: Annotated[Path | None, Parameter(help="Take the facts from this bundle: nothing need run.")] = None,
) -> int:
    """Write all facts up to now: as a bundle, one CloudEvent a line with its position and what proves it, or as other tools like them."""
    from deploy.local import events

    if form == "bundle":
        return events.export(data.resolve(), source.split(","), out)
    return events.export_as(form, data.resolve(), source.split(","), out, bundle)


@app.command
def synthesize(
    *,
    out: Annotated[Path, Parameter(name=["--out", "-o"], allow_leading_hyphen=True, help="Bundle to write; - is standard output.")],
    year: Annotated[int, Parameter(help="Which year.")] = 2026,
    dossiers: Annotated[int, Parameter(help="How many dossiers.")] = 100_000,
    seed: Annotated[int, Parameter(help="The same seed makes the same year.")] = 1,
    json: Annotated[bool, Parameter(negative="", show_default=False, help="For programs.")] = False,
) -> int:
    """Make up a realistic year of a department, with no person behind it, as a bundle that verify accepts."""
    from deploy.synthetic import year as synthetic

    return synthetic.main(year, dossiers, seed, out, as_json=json)


@app.command
def token(
    *,
    role: Annotated[
        list[str],
        Parameter(negative="", help="Several times: portal, desk, officer, leader, inspector, analyst, admin, operator, data-protection."),
    ],
    agency: Annotated[list[str] | None, Parameter(negative="", help="Agency code, several times; without it, all.")] = None,
    sub: Annotated[str, Parameter(help="Pseudonymous id of the person.")] = "developer",
    ttl: Annotated[int, Parameter(help="Seconds.")] = 8 * 3600,
    data: Data = DATA,
) -> int:
    """Print a signed token that the local services accept."""
    from deploy.local.issuer import Issuer

    sys.stdout.write(Issuer(data.resolve() / "issuer").token(sub, role, agency or ["*"], ttl) + "\n")
    return 0


@app.command
def contracts(
    *, check: Annotated[bool, Parameter(negative="", show_default=False, help="Write nothing; say what is stale.")] = False
) -> int:
    """Generate JSON Schemas and AsyncAPI from the facts."""
    from contracts import generate

    return generate.main(["--check"] if check else [])


@app.command
def pictures() -> int:
    """Draw a picture of every paper that goes out, into docs/pictures."""
    from kernel.paper.pictures import draw
    from services.intake.pictures import pages as of_the_desk
    from services.processing.pictures import pages

    folder = Path(__file__).resolve().parents[2] / "docs" / "pictures"
    draw(folder, pages(folder / "cases.json"))
    draw(folder / "desk", of_the_desk())
    return 0


if __name__ == "__main__":
    sys.exit(app())
