"""The curves of docs/: cost ratio by budget for each method, as SVG and PNG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.advisor.folder import load_package

Curve = Sequence[tuple[float, float]]
"""(budget in MB, cost ratio), by budget."""

# Colours that people with the usual colour blindnesses tell apart (Okabe and Ito), and other marks besides.
_LOOKS = (("#0072B2", "o"), ("#D55E00", "s"), ("#009E73", "^"), ("#CC79A7", "D"))


def plot(curves: Mapping[str, Curve], title: str, path: Path) -> None:
    """Write ``path`` with .svg and with .png. The curve named "optimum" is a dashed line below the others."""
    load_package("matplotlib").use("Agg")
    pyplot: Any = load_package("matplotlib.pyplot")  # its types are not there where the package is not
    pyplot.rcParams |= {"svg.hashsalt": "pgtend", "svg.fonttype": "none"}  # the same file for the same figures
    figure, axes = pyplot.subplots(figsize=(7, 4.2))
    for (name, curve), (colour, mark) in zip(
        ((name, curve) for name, curve in curves.items() if name != "optimum"), _LOOKS, strict=False
    ):
        budgets, ratios = zip(*curve, strict=True)
        axes.plot(budgets, ratios, color=colour, marker=mark, label=name)
    if "optimum" in curves:
        budgets, ratios = zip(*curves["optimum"], strict=True)
        axes.plot(budgets, ratios, color="black", linestyle="--", linewidth=1, label="optimum (proven)")
    axes.set_xscale("log", base=2)
    ticks = sorted({budget for curve in curves.values() for budget, _ in curve})
    axes.set_xticks(ticks, [f"{tick:.0f}" for tick in ticks])
    axes.set_xlabel("storage budget, MB")
    axes.set_ylabel("estimated cost with indexes / without")
    axes.set_title(title, fontsize=10)
    axes.grid(visible=True, alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path.with_suffix(".svg"), metadata={"Date": None})
    figure.savefig(path.with_suffix(".png"), dpi=150, metadata={"Software": None})
    pyplot.close(figure)
