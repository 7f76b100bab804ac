"""Pictures of a training run, for MLflow and notebooks: what the labels say, and how the model follows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paperknife.evaluation.canvas import INK, blank, time_axis
from paperknife.training.click_check import BINS_N
from paperknife.training.label_charts import gap_chart, hazard_chart, kappa_chart

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from paperknife.training.train import TrainingResult


def figures(result: TrainingResult) -> dict[str, Figure]:
    """Return the pictures of a run by file name."""
    seen = result.labels.diagnostics
    fitted = seen.hazards.read is not None and seen.hazards.total is not None
    return {
        "labels_by_delay.png": labels_by_delay(result),
        "label_sources.png": label_sources(result),
        "agreement.png": agreement_by_slice(result),
        **({"hazards.png": hazard_chart(seen.hazards)} if fitted else {}),
        "kappa.png": kappa_chart(seen.hazards.kappa, seen.scale),
        "click_gaps.png": gap_chart(seen.dates),
        "click_check.png": checked_by_clicks(result),
    }


def labels_by_delay(result: TrainingResult) -> Figure:
    """Return how the labelled opens of Apple's traffic divide by the time since delivery."""
    figure, (axes,) = blank("Apple's fetches by time since delivery, as labelled without truth")
    evidence, labels = result.evidence, result.labels.opens
    apple = (evidence["mechanism"] == "apple_relay") | (evidence["client_family"] == "apple_mail")
    known = np.asarray(apple & evidence["delay_us"].notna() & (labels["h_weight"].to_numpy() > 0), dtype=bool)
    delay_s = evidence.loc[known, "delay_us"].to_numpy(dtype=np.float64) / 1e6
    human = labels.loc[known, "h"].to_numpy(dtype=np.float64)
    edges = np.geomspace(1, 14 * 86_400, 40)
    for name, share in (("prefetch", 1 - human), ("human", human)):
        counts, _ = np.histogram(delay_s, edges, weights=share)
        axes.stairs(counts, edges, fill=True, alpha=0.65, color=INK[name], label=name)
    time_axis(axes, "time since delivery")
    axes.set_ylabel("opens")
    axes.legend(frameon=False)
    return figure


def label_sources(result: TrainingResult) -> Figure:
    """Return how many opens each source labelled."""
    figure, (axes,) = blank("Where the labels come from")
    counts = result.labels.opens["source"].fillna("none").value_counts().sort_values()
    axes.barh(counts.index.astype(str), counts.to_numpy(), color=INK["human"])
    axes.set_xlabel("opens")
    return figure


def agreement_by_slice(result: TrainingResult) -> Figure:
    """Return mean p_human against the labels' mean on later messages, per slice, for every candidate."""
    figure, (axes,) = blank("Later messages: what the model says against what the labels say", width=6.0)
    marks = {"start": "s", "retrained": "o"}
    for name, rows in result.agreement.groupby("model"):
        axes.scatter(
            rows["label_human"], rows["p_human"], marker=marks[str(name)], label=str(name), alpha=0.8
        )
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=1)
    axes.set_xlabel("labelled human, mean")
    axes.set_ylabel("p_human, mean")
    axes.legend(frameon=False)
    return figure


def checked_by_clicks(result: TrainingResult) -> Figure:
    """Return the instant p_human of Apple opens in later messages, by what a click said of them afterwards."""
    check = result.click_check
    few = " (too few to conclude anything)" if check.is_too_few else ""
    figure, (axes,) = blank(f"Apple's opens at the instant, by what a click said later{few}")
    edges = np.linspace(0, 1, BINS_N + 1)
    sides = (
        ("prefetch", check.stale_counts, "click after an hour or more"),
        ("human", check.fresh_counts, "soon"),
    )
    for name, counts, said in sides:
        shares = np.array(counts or (0,) * BINS_N) / max(sum(counts), 1)
        axes.stairs(shares, edges, fill=True, alpha=0.65, color=INK[name], label=f"{said} ({sum(counts):,})")
    axes.set_xlabel("instant p_human")
    axes.set_ylabel("share of the side")
    axes.legend(frameon=False)
    return figure
