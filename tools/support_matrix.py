"""Write the README's support matrix from the connectors themselves: `.venv/bin/python tools/support_matrix.py`.

A test compares what stands in the README with what this makes, so the two cannot part.
"""

from pathlib import Path

from paperknife.events.connectors import CONNECTORS

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN = "<!-- support matrix: made by tools/support_matrix.py -->\n"
END = "<!-- end of the support matrix -->\n"


def matrix():
    """Return the matrix as Markdown: a table, and below it each provider's quirks and witnesses."""
    lines = [
        "| provider | `--provider` | its opens carry | its machine flag | its webhooks are signed by |",
        "|---|---|---|---|---|",
    ]
    kinds = sorted(CONNECTORS.values(), key=lambda kind: (kind.name == "generic", kind.title.lower()))
    for kind in kinds:
        flag = f"`{kind.flag}`" if kind.flag else "none"
        signed = "no webhooks" if kind.name == "generic" else kind.scheme.summary
        lines.append(f"| {kind.title} | `{kind.name}` | {kind.tier} | {flag} | {signed} |")
    lines += [
        "",
        "<details><summary>Quirks of each, how it was verified, and what could not be confirmed</summary>",
        "",
    ]
    for kind in kinds:
        lines += [f"- **{kind.title}**", *(f"  - {quirk}" for quirk in kind.quirks)]
        lines.append(f"  - Verified by: {kind.source}.".replace("..", "."))
        lines += [f"  - Not confirmed: {doubt}" for doubt in kind.unconfirmed]
    lines += ["", "</details>", ""]
    return "\n".join(lines)


def with_matrix(text):
    """Return the README's text with the matrix as it is now."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{matrix()}\n{END}{after}"


if __name__ == "__main__":
    README.write_text(with_matrix(README.read_text(encoding="utf-8")), encoding="utf-8")
