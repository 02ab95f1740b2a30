"""Text as people type it, to HTML and back: who writes the news knows no tag, and finds again what was typed."""

import re
from html import escape, unescape

from portail.news.queries import cleaned

_TAG = re.compile(r"</?(?:a|b|blockquote|br|em|h3|h4|i|li|ol|p|strong|u|ul)(?:\s[^<>]*)?/?>", re.IGNORECASE)
_MARK = re.compile(r"\*\*(?P<bold>[^*\n]+)\*\*|(?P<link>https?://[^\s<>\"]*[^\s<>\".,;:!?)\]»'])")
_LINK = re.compile(r'<a href="[^"]*"[^>]*>(https?://[^<]*)</a>')
_BACK = (
    ("</p>", "\n\n"), ("</h3>", "\n\n"), ("</ul>", "\n\n"), ("<p>", ""), ("<h3>", "# "), ("<ul>", ""), ("<li>", "- "),
    ("</li>", "\n"), ("<br>", "\n"), ("<strong>", "**"), ("</strong>", "**"),
)  # fmt: skip


def html_of(text: str) -> str:
    """Paragraphs, « - » lists, « # » headings, **bold** and addresses of pages; HTML is left as it is.

    Not cleaned: `queries.cleaned` is the judge of every HTML, this one too.
    """
    if _TAG.search(text):
        return text
    lines = "\n".join(line.strip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    return "".join(_block(block.split("\n")) for block in re.split(r"\n{2,}", lines.strip("\n")) if block)


def text_of(html: str) -> str:
    """What was typed to give this HTML; the HTML itself when `html_of` would not give it again."""
    text = _LINK.sub(r"\1", html)
    for tag, words in _BACK:
        text = text.replace(tag, words)
    typed = re.sub(r"\n{3,}", "\n\n", unescape(text)).strip("\n")
    return typed if str(cleaned(html_of(typed))) == html else html


def _block(lines: list[str]) -> str:
    if all(line.startswith("- ") for line in lines):
        return f"<ul>{''.join(f'<li>{_inline(line[2:])}</li>' for line in lines)}</ul>"
    if len(lines) == 1 and lines[0].startswith("# "):
        return f"<h3>{_inline(lines[0][2:])}</h3>"
    return f"<p>{'<br>'.join(_inline(line) for line in lines)}</p>"


def _inline(line: str) -> str:
    found, place = [], 0
    for mark in _MARK.finditer(line):
        found.append(escape(line[place : mark.start()], quote=False))
        if mark["bold"]:
            found.append(f"<strong>{escape(mark['bold'], quote=False)}</strong>")
        else:
            found.append(f'<a href="{escape(mark["link"])}">{escape(mark["link"], quote=False)}</a>')
        place = mark.end()
    return "".join([*found, escape(line[place:], quote=False)])
