"""`python -m pgtend`: the commands, where no console script is installed."""

from pgtend.cli import main

main(prog_name="pgtend")
