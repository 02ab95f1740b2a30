"""A valid PDF and a valid picture, drawn here: small, and nobody's property."""

import struct
import zlib

WIDTH, HEIGHT = 320, 160
FONT = b"<< /Font << /F1 5 0 R >> >>"
SKY, GROUND, WALL, ROOF = b"\xbf\xdf\xf2", b"\x7d\xb3\x6a", b"\xf7\xe7\xc6", b"\xb3\x40\x00"


def pdf(title: str, lines: list[str]) -> bytes:
    """One A4 page of text, in a font that every reader has."""
    text = [f"BT /F1 20 Tf 60 770 Td ({_escaped(title)}) Tj /F1 12 Tf"]
    text += [f"0 -26 Td ({_escaped(line)}) Tj" for line in lines]
    stream = "\n".join([*text, "ET"]).encode("cp1252", "replace")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (fr-FR) >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources %s >>" % FONT,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    return _assembled(objects)


def picture() -> bytes:
    """A school under a blue sky, as a PNG."""
    rows = b"".join(b"\x00" + b"".join(_pixel(x, y) for x in range(WIDTH)) for y in range(HEIGHT))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def _assembled(objects: list[bytes]) -> bytes:
    out, places = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _pixel(x: int, y: int) -> bytes:
    if abs(x - 160) < (y - 30) * 2 and 30 < y < 70:
        return ROOF
    if 90 < x < 230 and 70 <= y < 125:
        return SKY if x % 40 < 18 and 82 < y < 104 else WALL
    return GROUND if y >= 118 else SKY
