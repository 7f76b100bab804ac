"""One HTML file that tells the whole story: no script, no request to anywhere, readable in light and dark."""

from __future__ import annotations

import os
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from paperknife.evaluation import pictures
from paperknife.evaluation.headline import CAVEAT
from paperknife.evaluation.ladder import MODEL
from paperknife.evaluation.opens import open_delays
from paperknife.evaluation.slices import ALL, INSIDE_APPLE
from paperknife.evaluation.truth import CLASSES, P_COLUMNS
from paperknife.evaluation.wording import (
    CLASS_NAMES,
    CLASS_WORDS,
    METHOD_WORDS,
    figure,
    percent,
    percentages,
    slice_words,
    span,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from paperknife.evaluation.evaluate import Evaluation
    from paperknife.evaluation.headline import Headline
    from paperknife.events.log import EventLog


def write_page(
    path: str | Path,
    *,
    title: str,
    headline: Headline,
    verdicts: pd.DataFrame,
    evaluation: Evaluation | None = None,
    delays_s: ArrayLike | None = None,
    log: EventLog | None = None,
    notes: Sequence[str] = (),
    next_steps: Sequence[str] = (),
) -> Path:
    """Write a self-contained HTML page on verdicts, with the truth where there is one, and return its path.

    Parameters
    ----------
    path : str or Path
        The file; its folder is made.
    title : str
        Of whom or what the log is.
    headline : Headline
        From `headline`.
    verdicts : pandas.DataFrame
        From `score`.
    evaluation : Evaluation, optional
        From `evaluate`. Without it the page says only what the verdicts say.
    delays_s : array of float, shape (len(verdicts),), optional
        From delivery to open, NaN where not known.
    log : EventLog, optional
        Where the verdicts came from: it tells the delays where `delays_s` does not. Without either there is no
        picture of timing.
    notes, next_steps : sequence of str
        Plain text, shown at the end.
    """
    judged = _labels(verdicts, evaluation)
    if delays_s is None and log is not None:
        delays_s = open_delays(log, verdicts["event_id"])
    body = [_tiles(headline), _roads(headline, verdicts, delays_s, judged)]
    if evaluation is not None:
        body.append(_against_truth(evaluation, verdicts, judged))
    body.append(_closing([*notes, *(evaluation.notes if evaluation is not None else ())], next_steps))
    template = Template(files("paperknife.evaluation").joinpath("page.html").read_text(encoding="utf-8"))
    page = template.substitute(
        title=_text(title),
        eyebrow=_text(" · ".join(_eyebrow(title, verdicts))),
        header=_header(headline),
        body="\n".join(body),
        footer=_text(_footer(verdicts)),
    )
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    aside.write_text(page, encoding="utf-8")
    aside.replace(target)
    return target


def _text(words: object) -> str:
    """Return words as HTML, with numbers kept together with their percent sign."""
    return escape(str(words)).replace(" %", "\u00a0%")


def _labels(verdicts: pd.DataFrame, evaluation: Evaluation | None) -> NDArray[np.float64]:
    """Return the truth per verdict, NaN where it was not judged."""
    if evaluation is None:
        return np.full(len(verdicts), np.nan)
    label = evaluation.opens.drop_duplicates("event_id").set_index("event_id")["label"]
    return verdicts["event_id"].astype("str").map(label).to_numpy(np.float64)


def _eyebrow(title: str, verdicts: pd.DataFrame) -> list[str]:
    if "occurred_at" not in verdicts or verdicts.empty:
        return [title]
    occurred_at = pd.to_datetime(verdicts["occurred_at"], utc=True)
    first, last = (f"{day.day} {day:%B %Y}" for day in (occurred_at.min(), occurred_at.max()))
    return [title, f"opens from {first} to {last}"]


def _footer(verdicts: pd.DataFrame) -> str:
    models = ", ".join(verdicts["model_id"].dropna().unique()[:3]) if "model_id" in verdicts else ""
    seen = ", ".join(verdicts["horizon"].dropna().unique()) if "horizon" in verdicts else ""
    about = [f"Model {models}" if models else "", f"horizon {seen}" if seen else "", "made with paperknife"]
    return " · ".join(part for part in about if part)


def _header(headline: Headline) -> str:
    first, _, second = headline.sentence().partition(". ")
    lead = [f"<h1>{_text(first)}.</h1>"]
    if not second:
        return lead[0]
    words = percentages([headline.shares[name] for name in CLASSES])
    entries = [
        (f"key-{name}", f"<b>{_text(share)}</b> {_text(CLASS_WORDS[name])}")
        for name, share in zip(CLASSES, words, strict=True)
    ]
    lead += [
        f'<p class="lead">{_text(second)}</p>',
        f'<div class="bar">{pictures.shares_bar(headline.shares)}</div>',
        _legend(*entries),
        f'<p class="aside">{_text(CAVEAT)}</p>',
    ]
    return "\n".join(lead)


def _legend(*entries: tuple[str, str]) -> str:
    items = "".join(f'<li><i class="{key}"></i>{words}</li>' for key, words in entries)
    return f'<ul class="legend">{items}</ul>'


def _tiles(headline: Headline) -> str:
    if headline.open_rate is not None and headline.human_open_rate is not None:
        tiles = [
            (f"{headline.messages_n:,}", f"messages {headline.base}"),
            (percent(headline.open_rate), "raw open rate: messages with an open in the log"),
            (percent(headline.human_open_rate), "expected: messages with an open that a person caused"),
        ]
    else:
        tiles = [
            (f"{headline.opened_n:,}", "messages with an open in the log"),
            (percent(headline.human_opened_share), "expected: of these, with an open that a person caused"),
        ]
    tiles.append((f"{headline.opens_n:,}", "opens in all, repeats included"))
    items = "".join(f"<div><dt>{_text(words)}</dt><dd>{_text(value)}</dd></div>" for value, words in tiles)
    return f'<dl class="tiles">{items}</dl>'


def _roads(
    headline: Headline, verdicts: pd.DataFrame, delays_s: ArrayLike | None, labels: NDArray[np.float64]
) -> str:
    figures = []
    if delays_s is not None and len(verdicts):
        figures.append(_timing(verdicts, np.asarray(delays_s, dtype=np.float64), labels))
    if len(headline.by_mechanism):
        figures.append(
            _figure(
                "By which road they came",
                "Each bar is all opens of one road, divided by the probabilities. A road is not a verdict: "
                "people's opens come by Apple's relay too.",
                pictures.mechanisms(headline.by_mechanism),
                _legend(*((f"key-{name}", _text(CLASS_NAMES[name])) for name in CLASSES)),
            )
        )
    if not figures:
        return ""
    return (
        "<section><h2>How the opens came</h2>"
        f"<p>{_text(_COUNTING)}</p>"
        f'<div class="pair">{"".join(figures)}</div></section>'
    )


_COUNTING: Final = (
    "Every open counts by its three probabilities, never by a verdict: "
    "one that is 60 % a person adds 0.6 to people."
)


def _timing(verdicts: pd.DataFrame, delays_s: NDArray[np.float64], labels: NDArray[np.float64]) -> str:
    p = verdicts[list(P_COLUMNS)].to_numpy(np.float64)
    judged = np.isfinite(labels)
    if not judged.any():
        return _figure(
            "When they came",
            "Time from the delivery to the open. The three share one height.",
            pictures.timing(delays_s, p),
        )
    return _figure(
        "When they came",
        f"Time from the delivery to the open, for the {judged.sum():,} opens whose truth is known. "
        "The three share one height.",
        pictures.timing(delays_s[judged], p[judged], labels[judged].astype(np.intp)),
        _legend(("key-human", "said"), ("key-line", "true")),
    )


def _figure(name: str, caption: str, image: str, legend: str = "") -> str:
    return f"<figure><h3>{_text(name)}</h3><figcaption>{_text(caption)}</figcaption>{image}{legend}</figure>"


def _against_truth(evaluation: Evaluation, verdicts: pd.DataFrame, labels: NDArray[np.float64]) -> str:
    p_human = verdicts["p_human"].to_numpy(np.float64)[np.isfinite(labels)]
    said = f"Of {len(evaluation.opens):,} opens it is known who caused them. {_skill(evaluation)}"
    return (
        f"<section><h2>Against the truth</h2><p>{_text(said)}</p>"
        '<div class="pair">'
        + _figure(
            "Beside the published rules",
            "Each rule is read at its strongest: it is told, with the truth, what its answers are worth.",
            pictures.ladder(evaluation.ladder),
            _legend(("key-rule", "all opens"), ("key-ring", "inside Apple's traffic")),
        )
        + _figure(
            "How honest the probabilities are",
            "On the diagonal, of opens said to be 70 % a person, 70 % are. Lines: 95 % intervals. "
            "Below: how many opens were said to be what.",
            pictures.reliability(evaluation.calibration, p_human),
            _legend(("key-all", "all opens"), ("key-apple", "inside Apple's traffic")),
        )
        + f"</div>{_slice_table(evaluation)}{_ladder_table(evaluation)}</section>"
    )


def _skill(evaluation: Evaluation) -> str:
    """Return in words how well people's opens are ranked, and how the best rule does where it is hardest."""
    ladder = evaluation.ladder
    rules = ladder[(ladder["kind"] == "rule") & (ladder["slice"] == INSIDE_APPLE[0])]["auc"].max()
    overall, apple = evaluation.figure("auc"), evaluation.figure("auc", INSIDE_APPLE)
    words = f"A person's open ranks above another one {percent(overall)} of the time"
    if not np.isnan(apple):
        words += f", and {percent(apple)} inside Apple's traffic"
        words += f", where the best rule reaches {percent(rules)}" if not np.isnan(rules) else ""
    return f"{words}; chance is 50 %."


_RULE_HEAD: Final = "The rule, and who uses it"
_SLICE_HEADS: Final = (
    "Opens",
    "People, truly",
    "People, said",
    "AUC",
    "95 %",
    "PR-AUC",
    "Log loss",
    "of class shares",
    "Brier",
    "ECE",
    "its floor",
)


def _slice_table(evaluation: Evaluation) -> str:
    groups = []
    for name, rows in evaluation.by_slice.groupby("slice", sort=False):
        lines = (
            _row(
                slice_words(row["slice"], row["value"]),
                f"{row['opens_n']:,}",
                percent(row["human_share"]),
                percent(row["p_human"]),
                figure(row["auc"]),
                span(row["auc_low"], row["auc_high"]),
                figure(row["pr_auc"]),
                figure(row["log_loss"]),
                figure(row["log_loss_prior"]),
                figure(row["brier"]),
                figure(row["ece"]),
                figure(row["ece_floor"]),
                is_ours=name == ALL[0],
            )
            for row in rows.to_dict("records")
        )
        groups.append(f'<tbody class="group">{"".join(lines)}</tbody>')
    return _table(
        "Slice by slice",
        "AUC and PR-AUC: how well people's opens are ranked above others. Log loss and Brier: lower is "
        "better. ECE: how far said and true shares lie apart; at its floor it cannot be told from perfect.",
        ("Slice", *_SLICE_HEADS),
        groups,
    )


def _ladder_table(evaluation: Evaluation) -> str:
    ladder = evaluation.ladder
    apple_rows = ladder[ladder["slice"] == INSIDE_APPLE[0]].to_dict("records")
    inside = {row["method"]: row for row in apple_rows}
    lines = []
    for row in ladder[ladder["slice"] == ALL[0]].to_dict("records"):
        method = row["method"]
        apple = inside.get(method)
        said = row["statement"] + (f" ({row['source']})" if row["source"] else "")
        numbers = [figure(row["log_loss"]), figure(row["auc"])]
        numbers += [figure(apple["log_loss"]), figure(apple["auc"])] if apple else ["-", "-"]
        lines.append(_row(METHOD_WORDS.get(method, method), *numbers, words=said, is_ours=method == MODEL))
    return _table(
        "Model and rules in figures",
        "Open-source rules are re-stated by us, on our own lists of clients and networks.",
        ("Method", "Log loss", "AUC", "Log loss, Apple", "AUC, Apple", _RULE_HEAD),
        [f"<tbody>{''.join(lines)}</tbody>"],
    )


def _row(name: str, *cells: str, words: str | None = None, is_ours: bool = False) -> str:
    numbers = "".join(f"<td>{_text(cell)}</td>" for cell in cells)
    said = "" if words is None else f'<td class="words">{_text(words)}</td>'
    return f'<tr{" class=ours" if is_ours else ""}><th scope="row">{_text(name)}</th>{numbers}{said}</tr>'


def _table(name: str, about: str, heads: Iterable[str], bodies: Iterable[str]) -> str:
    cells = "".join(
        f'<th scope="col"{" class=words" if head.startswith("The rule") else ""}>{_text(head)}</th>'
        for head in heads
    )
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{_text(name)}"><table>'
        f"<caption>{_text(name)}<span>{_text(about)}</span></caption>"
        f"<thead><tr>{cells}</tr></thead>{''.join(bodies)}</table></div>"
    )


def _closing(notes: Sequence[str], next_steps: Sequence[str]) -> str:
    def listed(name: str, kind: str, items: Sequence[str]) -> str:
        lines = "".join(f"<li>{_text(item)}</li>" for item in items)
        return f"<div><h2>{name}</h2><{kind}>{lines}</{kind}></div>" if items else ""

    columns = listed("What to do next", "ol", next_steps) + listed("Notes", "ul", notes)
    return f'<section class="notes">{columns}</section>' if columns else ""
