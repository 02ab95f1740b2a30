"""The catalogues of the screens' sentences: `tools/messages` brings them up to date, `test_catalogues.py` compares.

Babel does both: Django's makemessages does not see Jinja2's blocks. Nothing of the day or of the machine is written, so
that a second run changes nothing.
"""

from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
LANGUAGES = ("fr", "en")
SOURCE = "fr"  # the language of the sentences themselves
HEADER = "# Extracted and sorted by tools/messages; only the translations are written by hand."
KEYWORDS = DEFAULT_KEYWORDS | parse_keywords(
    ("gettext_noop", "gettext_lazy", "ngettext_lazy:1,2", "pgettext_lazy:1c,2", "npgettext_lazy:1c,2,3")
)
Key = tuple[str, str | tuple[str, ...]]
"""(context, sentence) or (context, (singular, plural))."""


class Plain(Catalog):
    """A catalogue whose header says only what reading it takes."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        return [
            ("Language", str(self.locale_identifier)),
            ("Plural-Forms", f"nplurals={self.num_plurals}; plural={self.plural_expr};"),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit\n"),
        ]


def po_of(language: str) -> Path:
    """The catalogue as people write it; the compiled one lies beside it."""
    return ROOT / "portail" / "locale" / language / "LC_MESSAGES" / "django.po"


def key_of(message: Message) -> Key:
    """What tells a message from the others."""
    return message.context or "", tuple(message.id) if message.pluralizable else str(message.id)


def read(language: str) -> dict[Key, Message]:
    """What is written in a catalogue, its header apart. Nothing without a file."""
    if not po_of(language).exists():
        return {}
    with po_of(language).open("rb") as file:
        return {key_of(message): message for message in read_po(file, locale=language) if message.id}


def extracted() -> dict[Key, Message]:
    """Every sentence of the product's code and templates."""
    with (ROOT / "babel.cfg").open() as file:
        method_map, options_map = parse_mapping_cfg(file)
    rows = extract_from_dir(ROOT / "portail", method_map, options_map, KEYWORDS)
    messages = (Message(id_, context=context) for _path, _line, id_, _comments, context in rows)
    return {key_of(message): message for message in messages}


def brought_up_to_date(language: str) -> Plain:
    """What is extracted, with the words that the catalogue already has. The plurals of the source are its own."""
    known = read(language)
    catalog = Plain(locale=language, header_comment=HEADER, fuzzy=False)
    for key, message in extracted().items():
        words = known[key].string if key in known else ""
        if language == SOURCE and message.pluralizable:
            words = message.id
        catalog.add(message.id, words, context=message.context)
    return catalog


def as_po(catalog: Plain) -> bytes:
    """The file that people write in."""
    written = BytesIO()
    write_po(written, catalog, width=110, no_location=True, sort_output=True)
    return written.getvalue()


def as_mo(catalog: Plain) -> bytes:
    """The file that the portal reads."""
    written = BytesIO()
    write_mo(written, catalog)
    return written.getvalue()


def main() -> None:
    """Write both files of each language."""
    for language in LANGUAGES:
        path, catalog = po_of(language), brought_up_to_date(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(as_po(catalog))
        path.with_suffix(".mo").write_bytes(as_mo(catalog))


if __name__ == "__main__":
    main()
