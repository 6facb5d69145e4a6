"""The commands: `pgtend run | advise | grants | crds`.

Each imports what it needs when it runs: `pgtend advise` works without a cluster, and starts without loading its client.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import click

from pgtend import __version__
from pgtend.domain.finding import PgtendError

DSN_HELP = (
    "Where the database is: a URI or key=value pairs, as for psql. Better than a password in the arguments: PGTEND_DSN, "
    "or PGHOST, PGUSER, PGPASSWORD and so on, in the environment."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pgtend")
def main() -> None:
    """Tend Postgres databases: propose indexes, build them safely, verify them, take back what did not help."""


@main.command()
def run() -> None:
    """Run the operator. It is told by PGTEND_* in the environment, and by KUBECONFIG outside a cluster.

    Ends with 0 after a signal, 1 when the set-up is wrong, 3 when it lost the leadership.
    """
    from pgtend import composition
    from pgtend.settings import read_settings

    try:
        settings = read_settings(os.environ)
    except PgtendError as error:
        raise click.ClickException(str(error)) from None
    sys.exit(asyncio.run(composition.run(settings)))


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

    try:
        target = target_from_dsn(dsn)
        text = asyncio.run(
            read_grants(target, ConnectionLimits(), observer=observer, tuner=None if no_tuner else tuner)
        )
    except PgtendError as error:
        raise click.ClickException(str(error)) from None
    click.echo(text, nl=False)
