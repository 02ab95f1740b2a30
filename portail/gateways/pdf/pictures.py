"""Pictures on paper: QR codes and logos, as SVG, the one form that travels in JSON."""

import base64
import re
import struct
from functools import lru_cache

import segno

from portail.gateways.pdf.papers import Logo

MAX_SIDE = 3000
"""Pixels: a logo larger than that is a bomb or a mistake."""

_JPEG_SIZES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # the markers that give a size (ITU T.81, table B.1)


@lru_cache(maxsize=512)
def qr_picture(url: str) -> str:
    """The QR code of an address, as SVG without its quiet zone: the page around it is white."""
    matrix = segno.make_qr(url, error="m", boost_error=False).matrix
    runs = []
    for y, row in enumerate(matrix):
        for run in re.finditer(rb"\x01+", bytes(row)):
            x, length = run.start(), run.end() - run.start()
            runs.append(f"M{x} {y}h{length}v1h-{length}z")
    side = len(matrix)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
        f'<path d="{"".join(runs)}"/></svg>'
    )


def logo_picture(logo: Logo) -> str | None:
    """A logo as SVG, or None when its bytes are not what they say. The typesetter may still refuse it."""
    if logo.content_type == "image/svg+xml":
        try:
            return logo.content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return None
    size = {"image/png": _png_size, "image/jpeg": _jpeg_size}.get(logo.content_type, _no_size)(logo.content)
    if size is None or not all(0 < side <= MAX_SIDE for side in size):
        return None
    width, height = size
    data = base64.b64encode(logo.content).decode()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"><image width="{width}" '
        f'height="{height}" href="data:{logo.content_type};base64,{data}"/></svg>'
    )


def _no_size(_: bytes) -> tuple[int, int] | None:
    return None


def _png_size(content: bytes) -> tuple[int, int] | None:
    if not content.startswith(b"\x89PNG\r\n\x1a\n") or len(content) < 24:
        return None
    width, height = struct.unpack(">II", content[16:24])
    return width, height


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    place = 2
    while place + 9 <= len(content) and content.startswith(b"\xff\xd8") and content[place] == 0xFF:
        marker, length = content[place + 1], int.from_bytes(content[place + 2 : place + 4])
        if marker in _JPEG_SIZES:
            height, width = struct.unpack(">HH", content[place + 5 : place + 9])
            return width, height
        place += 2 + length
    return None
