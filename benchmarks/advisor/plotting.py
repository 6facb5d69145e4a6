"""The curves of docs/: cost ratio by budget for each method, as SVG and PNG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.advisor.folder import load_package

Curve = Sequence[tuple[float, float]]
"""(budget or size in MB, cost ratio)."""

TICKS = (250, 500, 1000, 2000)

# Colours that people with the usual colour blindnesses tell apart (Okabe and Ito), and other marks besides.
_LOOKS = {
    "pgtend": ("#0072B2", "o"),
    "pgtend, all kinds": ("#0072B2", "o"),
    "pgtend, B-trees": ("#56B4E9", "v"),
    "Extend": ("#D55E00", "s"),
    "DB2Advis": ("#009E73", "^"),
}
OPTIMUM = "optimum"


def plot(curves: Mapping[str, Curve], title: str, path: Path, *, across: str = "storage budget, MB") -> None:
    """Write ``path`` with .svg and with .png: the ratios, and where the optimum is known how far above it they are.

    The curve named "optimum" is a dashed line below the others. How far above it a method is, is said where both have the same
    place on the axis.
    """
    load_package("matplotlib").use("Agg")
    pyplot: Any = load_package("matplotlib.pyplot")  # its types are not there where the package is not
    pyplot.rcParams |= {"svg.hashsalt": "pgtend", "svg.fonttype": "none"}  # the same file for the same figures
    best = dict(curves.get(OPTIMUM, ()))
    above = {
        name: [(place, 100 * (ratio / best[place] - 1)) for place, ratio in curve if place in best]
        for name, curve in curves.items()
        if name != OPTIMUM
    }
    compared = any(above.values())
    figure, panels = pyplot.subplots(1, 2 if compared else 1, figsize=(9.6 if compared else 7, 4.2), squeeze=False)
    left = panels[0][0]
    for name, curve in curves.items():
        if name != OPTIMUM:
            _draw(left, name, curve)
    if best:
        places, ratios = zip(*sorted(best.items()), strict=True)
        left.plot(places, ratios, color="black", linestyle="--", linewidth=1, label="optimum of B-trees (proven)")
    left.set_ylabel("estimated cost with indexes / without")
    left.legend()
    if compared:
        right = panels[0][1]
        for name, curve in above.items():
            _draw(right, name, curve)
        right.axhline(1, color="black", linestyle=":", linewidth=1)
        right.set_ylabel("above the optimum, % (dotted: 1 %)")
        right.set_ylim(bottom=0)
    for axes in panels[0]:
        axes.set_xscale("log", base=2)
        axes.set_xticks(TICKS, [f"{tick}" for tick in TICKS])
        axes.set_xlabel(across)
        axes.grid(visible=True, alpha=0.3)
    figure.suptitle(title, fontsize=11)
    figure.tight_layout()
    figure.savefig(path.with_suffix(".svg"), metadata={"Date": None})
    figure.savefig(path.with_suffix(".png"), dpi=150, metadata={"Software": None})
    pyplot.close(figure)


def _draw(axes: Any, name: str, curve: Curve) -> None:
    """One method's line; of answers with the same place and ratio, as Extend's once it stops, one mark."""
    colour, mark = _LOOKS[name]
    places, values = zip(*sorted(set(curve)), strict=True)
    axes.plot(places, values, color=colour, marker=mark, label=name, clip_on=False, zorder=3)
