"""Names as they sort and as they are searched: without accents nor case, the same on every engine."""

import re
import unicodedata


def sort_key(*parts: str) -> str:
    """« BOND », « Élodie » -> « bond elodie ». Stored beside the name: `ORDER BY name` differs between engines."""
    text = unicodedata.normalize("NFKD", " ".join(parts)).replace("œ", "oe").replace("Œ", "oe")
    bare = "".join(c for c in text if not unicodedata.combining(c)).casefold()
    return re.sub(r"[^\w]+", " ", bare).strip()
