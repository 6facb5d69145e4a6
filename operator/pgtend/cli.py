"""The commands: `pgtend run | advise | grants | crds`.

Each imports what it needs when it runs: `pgtend advise` works without a cluster, and starts without loading its client.
"""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

import click

from pgtend import __version__
from pgtend.commands.ctrl_c import INTERRUPTED
from pgtend.commands.ending import Commands
from pgtend.commands.options import USUAL_SESSIONS, Number, Size
from pgtend.domain.finding import PgtendError

DSN_HELP = (
    "Where the database is: a URI or key=value pairs, as for psql. Better than a password in the arguments: PGTEND_DSN, "
    "or PGHOST, PGUSER, PGPASSWORD and so on, in the environment."
)


LONGEST_SECONDS = 86_400.0
"""No option takes a longer time."""


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pgtend")
def main() -> None:
    """Tend Postgres databases: propose indexes, build them safely, verify them, take back what did not help."""
    # What psycopg has to say when a session ends is nothing for people, and may hold the server's text.
    logging.getLogger("psycopg").addHandler(logging.NullHandler())
    logging.getLogger("psycopg").propagate = False


@main.command()
def run() -> None:
    """Run the operator. It is told by PGTEND_* in the environment, and by KUBECONFIG outside a cluster.

    Ends with 0 after a signal, 1 when the set-up is wrong, 3 when it lost the leadership.
    """
    from pgtend.process import operator
    from pgtend.settings import read_settings

    try:
        settings = read_settings(os.environ)
    except PgtendError as error:
        raise click.ClickException(str(error)) from None
    code = asyncio.Runner().run(operator.run(settings))
    # All is closed in order by now. Closing the runner would wait for threads that still compute, an advisor's say, and
    # whoever sent the signal waits ten seconds at most; nothing that they compute is wanted any more.
    logging.shutdown()
    os._exit(code)


@main.command()
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), help="Write one file a kind into this folder."
)
def crds(output: Path | None) -> None:
    """Print the CustomResourceDefinitions as YAML."""
    from pgtend.kube.crds import render_crds

    rendered = render_crds()
    if output is None:
        click.echo("---\n".join(rendered.values()), nl=False)
        return
    output.mkdir(parents=True, exist_ok=True)
    for name, text in rendered.items():
        (output / name).write_text(text, encoding="utf-8")
        click.echo(output / name, err=True)


@main.command()
@click.option("--dsn", envvar="PGTEND_DSN", default="", help=DSN_HELP)
@click.option("--observer", default="pgtend_observer", show_default=True, help="Name of the role that reads.")
@click.option(
    "--tuner", default="pgtend_tuner", show_default=True, help="Name of the role that builds and drops indexes."
)
@click.option("--no-tuner", is_flag=True, help="Leave the tuner out: pgtend will be unable to change anything.")
def grants(dsn: str, observer: str, tuner: str, *, no_tuner: bool) -> None:
    """Print the SQL that gives pgtend's two roles what they need in a database, and nothing else.

    It only looks; read what it prints, then pipe it into psql.
    """
    from pgtend.postgres.connection import ConnectionLimits
    from pgtend.postgres.grants import read_grants
    from pgtend.postgres.secret import target_from_dsn

    if not observer or not tuner:
        raise click.UsageError("--observer and --tuner are names of roles: neither may be empty.")
    if observer == tuner and not no_tuner:
        raise click.UsageError(
            "--observer and --tuner are two roles: the one that reads all the time is to be unable to change anything."
        )
    try:
        target = target_from_dsn(dsn)
        text = asyncio.run(
            read_grants(target, ConnectionLimits(), observer=observer, tuner=None if no_tuner else tuner)
        )
    except PgtendError as error:
        raise click.ClickException(str(error)) from None
    click.echo(text, nl=False)


@main.command()
@click.option("--dsn", envvar="PGTEND_DSN", default="", help=DSN_HELP)
@click.option(
    "--workload",
    type=click.Path(),
    help='A folder of .sql files, one .sql file, or JSON [{"id", "sql", "weight"}]. Without it: pg_stat_statements.',
)
@click.option(
    "--storage-budget",
    type=Size(),
    help="Bytes of new indexes less those dropped: 500MB, 500Mi, 20Gi. Until the drops are made the disk needs more.",
)
@click.option(
    "--max-indexes-per-table",
    type=click.IntRange(1, 100),
    default=10,
    show_default=True,
    help="Indexes that a table may have in the end: those that it has, less what is dropped, and the new ones.",
)
@click.option(
    "--max-width", type=click.IntRange(1, 8), default=3, show_default=True, help="Columns of an index at most."
)
@click.option(
    "--minimum-gain",
    type=Number(0, 100),
    default=0.2,
    show_default=True,
    help="Percent of the workload's estimated cost that an index must save.",
)
@click.option(
    "--max-seconds",
    type=Number(0.1, LONGEST_SECONDS),
    help="Time for reading statements and planning after which the best so far is taken; none by default.",
)
@click.option(
    "--sessions",
    type=click.IntRange(1, 8),
    default=USUAL_SESSIONS,
    show_default=True,
    help="Sessions that plan side by side at most, where there is much to plan.",
)
@click.option(
    "--size-model",
    type=click.Choice(["pgtend", "hypopg"]),
    default="pgtend",
    show_default=True,
    help="Which estimate of an index's bytes the budget is counted in; hypopg's knows nothing of deduplication.",
)
@click.option(
    "--sample-constants",
    type=Number(0.1, 3600),
    metavar="SECONDS",
    help="First look that long at what sessions run, for constants to plan with; they stay in memory. Not with --workload.",
)
@click.option("--output", type=click.Choice(["table", "sql", "json"]), default="table", show_default=True)
@click.option(
    "--execute",
    is_flag=True,
    help="Really build what is advised and run the queries without and with it: on a copy. Drops what it built.",
)
@click.option(
    "--yes-on-primary",
    is_flag=True,
    help="With --execute: this writable server may be built on and loaded with queries.",
)
@click.option("--keep-indexes", is_flag=True, help="With --execute: leave there what was built.")
@click.option(
    "--execute-seconds",
    type=Number(0.1, LONGEST_SECONDS),
    default=60.0,
    show_default=True,
    help="With --execute: time limit of one run of a query.",
)
@click.option(
    "--explain",
    metavar="NAME",
    help="Tell the whole story of one index, by its name or its number in the table; with --output table alone.",
)
def advise(
    dsn: str,
    workload: str | None,
    storage_budget: int | None,
    max_indexes_per_table: int,
    max_width: int,
    minimum_gain: float,
    max_seconds: float | None,
    sessions: int,
    size_model: str,
    sample_constants: float | None,
    output: str,
    explain: str | None,
    *,
    execute: bool,
    yes_on_primary: bool,
    keep_indexes: bool,
    execute_seconds: float,
) -> None:
    """Say which indexes would help the statements of a database, and which are there twice.

    It changes nothing, but with --execute.

    The advice goes to standard output, progress to standard error. Ctrl-C ends the search: the best found so far is printed.
    Ends with 0 when it looked at the workload, whether or not there is anything to advise; 1 when the database cannot be
    reached or read, has counted no statement of use, or --execute is refused or did not get through; 2 when an option is wrong, or
    no statement of the workload's files can be used; 3 when --execute could not drop again what it built; 130 after Ctrl-C; 141
    when the reader of the output went away.
    """
    from pgtend.commands.advise import AdviseOptions, find_advice
    from pgtend.commands.answer import find_change, name_of
    from pgtend.commands.ending import FAILED, LEFT_BEHIND, WRONG, Output
    from pgtend.commands.execute import TrialOptions
    from pgtend.commands.json_output import render_json
    from pgtend.commands.progress import telling
    from pgtend.commands.sql_output import render_sql
    from pgtend.commands.story_output import render_story
    from pgtend.commands.table_output import render_table
    from pgtend.commands.trial_output import NOT_TRIED, errors_of, render_trial
    from pgtend.commands.workload_files import WorkloadInvalid
    from pgtend.domain.advice import Constraints, SizeModel
    from pgtend.postgres.secret import target_from_dsn

    constraints = Constraints(
        storage_budget=storage_budget,
        max_indexes_per_table=max_indexes_per_table,
        max_width=max_width,
        seconds=max_seconds,
        minimum_gain=minimum_gain / 100,
    )
    if explain is not None and output != "table":
        raise click.UsageError(
            f"--explain tells a story for people and does not go with --output {output}; --output json holds all of it for each index."
        )
    if not execute and (yes_on_primary or keep_indexes):
        raise click.UsageError("--yes-on-primary and --keep-indexes say how to --execute; add that.")
    trial = TrialOptions(seconds=execute_seconds, keep=keep_indexes, on_primary=yes_on_primary) if execute else None
    if workload == "":
        raise click.UsageError("--workload is empty: name a folder or a file.")
    if workload is not None and sample_constants is not None:
        raise click.UsageError("--sample-constants looks at running statements; it does not go with --workload.")
    options = AdviseOptions(
        constraints=constraints,
        workload=None if workload is None else Path(workload),
        size_model=SizeModel(size_model),
        trial=trial,
        sample_seconds=sample_constants or 0.0,
        sessions=sessions,
    )
    try:
        with telling() as tell:
            answer = asyncio.run(find_advice(target_from_dsn(dsn), options, tell))
    except WorkloadInvalid as error:
        raise click.UsageError(str(error)) from None
    except PgtendError as error:
        raise click.ClickException(str(error)) from None
    for warning in answer.warnings if explain is not None or output != "table" else ():
        click.echo(f"Note: {warning.message}", err=True)
    measured = answer.trial
    # Before the answer, of which the reader may be gone.
    for line in () if measured is None else errors_of(measured):
        click.echo(f"Error: {line}", err=True)
    if execute and measured is None:
        click.echo(f"Note: {NOT_TRIED}", err=True)
    console = Output(soft_wrap=False, highlight=False, markup=False, emoji=False)
    if explain is not None:
        change = find_change(answer, explain)
        if change is None:
            names = ", ".join(name_of(each) for each in answer.advice.changes)
            those = f"Those that are: {names}." if names else "There is nothing to advise."
            wrong = click.UsageError(f"No index called {explain[:80]} is advised. {those}")
            if measured is None or not measured.left:
                raise wrong
            # What was left on the server is worse than a wrong name, and told by the code.
            wrong.show()
            raise click.exceptions.Exit(LEFT_BEHIND)
        render_story(change, answer, console)
    elif output == "table":
        render_table(answer, console)
    elif output == "sql":
        click.echo(render_sql(answer))
    else:
        click.echo(render_json(answer, ascii_only=console.encoding != "utf-8"))
    if measured is not None and output == "table":
        render_trial(measured, answer, console)
    if measured is not None and measured.left:
        raise click.exceptions.Exit(LEFT_BEHIND)
    if answer.interrupted or (measured is not None and measured.interrupted):
        raise click.exceptions.Exit(INTERRUPTED)
    if answer.lost or (measured is not None and measured.problems):
        raise click.exceptions.Exit(FAILED)
    if answer.useless:
        where = "that pg_stat_statements has counted" if workload is None else f"of {workload}"
        click.echo(
            f"Error: None of the statements {where} could be used; the list of those left out says why.", err=True
        )
        raise click.exceptions.Exit(FAILED if workload is None else WRONG)
