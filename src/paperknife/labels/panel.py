"""A panel's word on its opens: true, but a panel is few people, and seldom people like the others.

What a panel says of its opens is taken at its word where its people look like the log's others behind Apple: they are
mailed, open and click about as often, and the labels made without them expect no other share of people among their
opens; or where they do, but what the panel's devices prefetch shows that the labels erred. Where they do not
(colleagues who read everything, devices that nobody picks up), the panel still teaches what people's opens look like,
but not how many there are: its words are weighed so that people among its opens in Apple's traffic make up the share
that the labels already gave them. One with a single class in Apple's traffic cannot be weighed so; it says nothing
there.

Devices that nobody picks up may stand in a panel beside its people, under `attended`: no. All their prefetches together
with the people's count as much as the people's alone, so they show what prefetches look like and not how many there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from paperknife.errors import TrainingError, did_you_mean

if TYPE_CHECKING:
    from paperknife.hazards.covariates import Bools, Floats

PANEL_WEIGHT: Final = 5.0
"""A panel's word counts as five opens: it is true, but a panel is few people and not a random sample."""

PANEL_LABELS: Final = {
    "human": (1.0, 0.0),
    "prefetch": (0.0, 0.0),
    "mpp_prefetch": (0.0, 0.0),
    "machine": (None, 1.0),
    "other_machine": (None, 1.0),
}
"""(h, m) of each word a panel file may use."""

STRANGE_Z: Final = 3.0
"""Standard errors by which a panel's people may differ from the others in what everybody can see."""

STRANGE_SHIFT: Final = 1.5
"""Log-odds by which a panel's share of people in Apple's traffic may differ from what was expected of its opens. The
default model's own error was more than 1 in 14 % of 736 varied worlds, more than 1.5 in 4 %: a panel that says more is
likelier of keen readers, or of devices that nobody picks up, unless its prefetches show otherwise."""

PANEL: Final = "panel"
IDLE: Final = "idle panel"
"""Sources of labels: a panel's people, and its devices that nobody picks up."""

_FEWEST_PEOPLE: Final = 2  # for a standard error
_NEARLY_ALL: Final = 0.9
"""Of its people's mails that were opened behind Apple, the share a panel must tell of to explain a surprise."""

_ATTENDED: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
"""What a panel's column `attended` may say; a row that says nothing is a person's."""


def check_panel(panel: pd.DataFrame) -> None:
    """Refuse a table that is no panel.

    Raises
    ------
    TrainingError
        When it lacks a column, or holds an unknown label or an unknown word under `attended`.
    """
    missing = [name for name in ("event_id", "label") if name not in panel]
    if missing:
        raise TrainingError(
            f"The panel lacks {' and '.join(missing)}. Found: {', '.join(map(str, panel.columns))}. "
            "Give one row per open with event_id and label."
        )
    unknown = sorted(set(panel["label"].dropna().astype(str)) - set(PANEL_LABELS))
    if unknown:
        raise TrainingError(
            f"The panel holds the label '{unknown[0]}'. Expected one of: {', '.join(PANEL_LABELS)}."
            f"{did_you_mean(unknown[0], PANEL_LABELS)}"
        )
    if "attended" not in panel:
        return
    words = _as_words(panel["attended"])
    strange = sorted(set(words.dropna()) - set(_ATTENDED))
    if strange:
        raise TrainingError(
            f"The panel's column attended holds '{strange[0]}'. Say yes, or no for a device that nobody picks up."
        )
    if (words.map(_ATTENDED).eq(other=False) & (_as_words(panel["label"]) == "human")).any():
        raise TrainingError(
            "The panel holds opens labelled human that were not attended. A device that nobody picks up only prefetches."
        )


def _as_words(values: pd.Series) -> pd.Series[str]:
    """Return text without blanks, in lower case; null where there is none."""
    words = values.dropna().astype("str").str.strip().str.lower()
    words = words.str.removesuffix(".0")  # a column of 1, 0 and gaps is floats
    return words[words != ""].reindex(values.index)


def ask_panel(
    opens: pd.DataFrame,
    panel: pd.DataFrame,
    weight: float,
    *,
    evidence: pd.DataFrame,
    messages: pd.DataFrame,
    is_apple: Bools,
    is_unknown: Bools,
    expected: Floats,
) -> bool:
    """Let the panel's word override the labels of its opens, in place; return whether its people are like the others.

    Parameters
    ----------
    opens : pandas.DataFrame
        Labels made without the panel, as `soft_labels` returns them.
    panel : pandas.DataFrame
        `event_id`, `label`, and perhaps `attended`.
    weight : float
    evidence, messages : pandas.DataFrame
    is_apple, is_unknown : numpy.ndarray of bool, shape (opens,)
        Apple's traffic, and traffic that tells nothing: where people and prefetches look alike.
    expected : numpy.ndarray of float64, shape (opens,)
        P(person, if no other machine) by the starting model; NaN without one: then the labels' word is expected.

    Raises
    ------
    TrainingError
        When none of the panel's opens is in the log.
    """
    rows = panel.dropna(subset=["event_id", "label"]).astype({"event_id": "str"})
    told = rows.drop_duplicates("event_id")
    words = told.set_index("event_id")["label"].astype("str").str.strip().str.lower()
    said = opens["event_id"].map(words)
    if said.isna().all():
        as_numbers = (
            " It was read as numbers, as a column with gaps is; read it as text (dtype='str')."
            if pd.api.types.is_float_dtype(panel["event_id"])
            else ""
        )
        raise TrainingError(
            f"None of the panel's {len(words):,} opens is in this log. Its event_id must be the log's event_id."
            f"{as_numbers}"
        )
    before = opens["h"].to_numpy(dtype=np.float64, na_value=np.nan).copy()
    is_told = said.notna().to_numpy(dtype=bool)
    is_hidden = is_apple | is_unknown
    is_idle = _is_idle(opens["event_id"], rows)
    is_like = _is_like_others(
        before, is_told, evidence=evidence, messages=messages, is_hidden=is_hidden & ~is_idle
    )
    # Where nothing tells of Apple the starting model errs by more, so there a panel's share says little of the panel.
    asked, people = is_apple & ~is_idle, _people_of(said)
    looked_for = np.where(np.isnan(expected), before, expected)
    if is_like and _is_surprising(looked_for, people, asked):
        explained = _explained(looked_for, people, asked, evidence, messages)
        is_like = not _is_surprising(looked_for, people, asked, explained)
    is_like &= not is_idle.any() or bool((is_told & ~is_idle).any())
    believed = np.where(np.isnan(before), expected, before)
    for label, (h, m) in PANEL_LABELS.items():
        some = (said == label).to_numpy(dtype=bool)
        opens.loc[some, "m"], opens.loc[some, "m_weight"] = m, weight
        opens.loc[some, "source"] = np.where(is_idle[some], IDLE, PANEL)
        if h is None:
            opens.loc[some, "h"], opens.loc[some, "h_weight"] = np.nan, 0.0
            continue
        levels = _shared_out(said, is_idle) if is_like else _level_weights(believed, said, is_hidden)
        factor = np.where(is_hidden[some] | is_like, levels.get(h, 1.0), 1.0)
        taught = np.flatnonzero(some)[factor > 0]
        opens.loc[opens.index[taught], "h"] = h
        opens.loc[opens.index[taught], "h_weight"] = weight * factor[factor > 0]
    return is_like


def _is_idle(event_id: pd.Series[str], panel: pd.DataFrame) -> Bools:
    """Return which opens are, by any of the panel's rows, of a device that nobody picks up."""
    if "attended" not in panel:
        return np.zeros(len(event_id), dtype=bool)
    is_attended = _as_words(panel["attended"].reset_index(drop=True)).map(_ATTENDED)
    idle = panel["event_id"].reset_index(drop=True)[is_attended.eq(other=False)]
    return np.asarray(event_id.isin(idle).to_numpy(dtype=bool))


def _shared_out(said: pd.Series[str], is_idle: Bools) -> dict[float, float]:
    """Return the factor on words for prefetches (0.0) by which those of idle devices add none to their weight."""
    prefetches = _people_of(said) == 0
    if not (prefetches & is_idle).any():
        return {}
    return {0.0: float((prefetches & ~is_idle).sum() / prefetches.sum())}


def _level_weights(believed: Floats, said: pd.Series[str], is_hidden: Bools) -> dict[float, float]:
    """Return the factors on words for people (1.0) and prefetches (0.0) that keep the share believed without them."""
    people = _people_of(said)
    some = is_hidden & ~np.isnan(people) & ~np.isnan(believed)
    if not some.any() or people[some].min() == people[some].max():
        return {1.0: 0.0, 0.0: 0.0}
    true, share = float(people[some].mean()), float(believed[some].mean())
    person, prefetch = share / true, (1 - share) / (1 - true)
    # No word counts more than it would have: of 98 keen readers and two prefetches, the two must not outweigh the rest.
    return {1.0: person / max(person, prefetch), 0.0: prefetch / max(person, prefetch)}


def _people_of(said: pd.Series[str]) -> Floats:
    """Return 1 for people and 0 for prefetches; NaN for all else, and where nothing was said."""
    return said.map({label: h for label, (h, _) in PANEL_LABELS.items()}).to_numpy(dtype=np.float64)


def _is_surprising(expected: Floats, people: Floats, some: Bools, explained: float = 0.0) -> bool:
    """Return whether the panel tells of far more, or fewer, people in Apple's traffic than its opens let expect.

    `explained` is by how much, in log-odds, the log lets expect more than `expected` says.
    """
    told = some & ~np.isnan(people) & ~np.isnan(expected)
    if not told.any():
        return False
    p = np.clip(expected[told], 0.01, 0.99)
    slack = STRANGE_SHIFT + 2 / np.sqrt(float((p * (1 - p)).sum()))
    odds = np.log(p / (1 - p)) + explained
    few, many = (float((1 / (1 + np.exp(-(odds + by)))).sum()) for by in (-slack, slack))
    return not few - 0.5 <= float(people[told].sum()) <= many + 0.5  # half an open: people come whole


def _explained(
    expected: Floats, people: Floats, some: Bools, evidence: pd.DataFrame, messages: pd.DataFrame
) -> float:
    """Return by how much, in log-odds, a panel's prefetches raise the share of people to expect of the others' opens.

    Readers may be keen, but their devices prefetch no less for it of the mails that they leave unread. So if that is
    clearly less than is expected of the others, then it is the expectation that errs, and by how much follows from the
    share of the others' mails that were opened at all. Nothing is explained where nearly all are, where the log does not
    say which were not, and by a panel that leaves out opens of its people, since it may leave out prefetches. Nor does
    it follow the other way round: who reads little is seen behind Apple only where a device prefetches much. (Of 340
    panels of such people on 85 varied worlds, 6 would have been believed for it.)
    """
    told = ~np.isnan(people)
    read = np.where(told, people, expected)
    opens = pd.DataFrame({"message_id": evidence["message_id"], "read": read, "told": 1.0 * told})
    opens = opens[some & ~np.isnan(read)]
    by_message = opens.groupby("message_id").agg(read=("read", "max"), told=("told", "min"))
    mail = messages[["message_id", "recipient_id", "clock_us"]].join(by_message, on="message_id")
    when = mail.loc[mail["told"] == 1, "clock_us"]
    is_meanwhile = mail["clock_us"].between(when.min(), when.max()).fillna(value=False)
    mail = mail[is_meanwhile]
    mail = mail.assign(opened=1.0 * mail["told"].notna(), unread=1 - mail["read"].fillna(0.0))
    mail["prefetched"] = mail["unread"] * mail["opened"]
    sums = {"told": "sum", "unread": "sum", "prefetched": "sum", "opened": "sum", "message_id": "size"}
    each = mail.groupby("recipient_id").agg(sums)
    inside, outside = each[each["told"] > 0], each[(each["told"] == 0) & (each["opened"] > 0)]
    if inside["told"].sum() < _NEARLY_ALL * inside["opened"].sum():
        return 0.0
    if not inside["unread"].sum() or not outside["unread"].sum():
        return 0.0
    usual, own = (part["prefetched"].sum() / part["unread"].sum() for part in (outside, inside))
    extra = inside["prefetched"] - usual * inside["unread"]
    if not -extra.sum() > STRANGE_Z * np.sqrt((extra**2).sum()):
        return 0.0
    opened = outside["opened"].sum() / outside["message_id"].sum()

    def log_odds(prefetched: float) -> float:
        """Return those of a person behind an opened mail, if devices prefetch that share of the unread ones."""
        read = (opened - prefetched) / (1 - prefetched) / opened if prefetched < opened else 0.0
        p = np.clip(read, 0.01, 0.99)
        return float(np.log(p / (1 - p)))

    return log_odds(own) - log_odds(usual)


def _is_like_others(
    before: Floats, is_told: Bools, *, evidence: pd.DataFrame, messages: pd.DataFrame, is_hidden: Bools
) -> bool:
    """Return whether the panel's recipients behind Apple look like the others there in all that anybody can see.

    Where nobody can see who is behind Apple, all recipients are compared.
    """
    seen = messages.assign(opened=messages["opens_n"] > 0, clicked=messages["clean_us"].notna())
    mail = seen.groupby("recipient_id").agg(
        mails=("message_id", "size"), opened=("opened", "mean"), clicked=("clicked", "mean")
    )
    who = evidence["recipient_id"].fillna(evidence["message_id"])  # as in the table of messages
    hidden = pd.DataFrame({"who": who, "believed": before, "told": is_told})[is_hidden]
    people = hidden.groupby("who").agg(believed=("believed", "mean"), told=("told", "max")).join(mail)
    inside, outside = people[people["told"]], people[~people["told"]]
    if inside.empty or outside.empty:  # it tells of nobody whom others could be unlike, or of everybody
        return True
    if min(len(inside), len(outside)) < _FEWEST_PEOPLE:
        return False
    shown = ["believed", "mails", "opened", "clicked"]
    apart = inside[shown].mean() - outside[shown].mean()
    # The spread of all: that of a few people is small by chance now and then, and makes them look strange.
    errors = np.sqrt(people[shown].var() * (1 / len(inside) + 1 / len(outside)))
    return not bool((apart.abs() > STRANGE_Z * errors + 1e-12).any())
