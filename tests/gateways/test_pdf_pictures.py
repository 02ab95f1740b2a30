"""Logos of the three kinds are shown; one that cannot be is left out. The QR code is the one segno draws."""

import re
import struct
import zlib
from dataclasses import replace

import pytest
import segno
from pikepdf import Stream

from portail.gateways.pdf.papers import Logo
from portail.gateways.pdf.pictures import MAX_SIDE, logo_picture, qr_picture
from portail.gateways.pdf.press import print_many, print_pdf
from tests.gateways.pdf_reading import opened, structure
from tests.gateways.pdf_samples import HEAD, PRINTED, RECEIPT, ROOF, URL


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width=4, height=3):
    rows = b"".join(b"\x00" + b"\x0b\x6e\x4f" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def jpeg():
    """Eight grey pixels a side: one block, whose only bits say « average, then nothing » (ITU T.81)."""

    def segment(marker, body):
        return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body

    one_code = bytes([1] + [0] * 15 + [0])
    return b"".join(
        [
            b"\xff\xd8",
            segment(0xDB, b"\x00" + b"\x01" * 64),
            segment(0xC0, bytes([8, 0, 8, 0, 8, 1, 1, 0x11, 0])),
            segment(0xC4, b"\x00" + one_code),
            segment(0xC4, b"\x10" + one_code),
            segment(0xDA, bytes([1, 1, 0, 0, 63, 0])),
            b"\x3f\xff\xd9",
        ]
    )


HOSTILE_SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9">%s</svg>'
)


def figures(logo):
    paper = replace(RECEIPT, letterhead=replace(HEAD, logo=logo))
    return [alt for role, alt in structure(print_pdf(paper, printed_at=PRINTED)) if role == "Figure"]


@pytest.mark.parametrize(
    "logo",
    [Logo(png(), "image/png"), Logo(jpeg(), "image/jpeg"), Logo(ROOF, "image/svg+xml"), Logo(png(900, 9), "image/png")],
    ids=["png", "jpeg", "svg", "very wide"],
)
def test_a_logo_of_each_kind_is_shown(logo):
    assert figures(logo) == ["Logo : Ville de Démo"]


@pytest.mark.parametrize(
    "logo",
    [
        None,
        Logo(b"", "image/png"),
        Logo(png()[:30], "image/png"),
        Logo(png()[:-20], "image/png"),
        Logo(jpeg()[:90], "image/jpeg"),
        Logo(jpeg()[:60], "image/jpeg"),
        Logo(png(), "image/jpeg"),
        Logo(b"\xff\xd8\xff", "image/jpeg"),
        Logo(b"\xff\xd8\xff\xe0\x00\x00" * 9, "image/jpeg"),
        Logo(b"<svg", "image/svg+xml"),
        Logo(b"\xff\xfe<svg/>", "image/svg+xml"),
        Logo(b"GIF89a", "image/gif"),
        Logo(b"<!DOCTYPE svg [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><svg><text>&e;</text></svg>", "image/svg+xml"),
    ],
)
def test_a_logo_that_cannot_be_shown_is_left_out(logo):
    assert figures(logo) == []


@pytest.mark.parametrize("side", [0, MAX_SIDE + 1])
def test_a_logo_without_a_reasonable_size_is_left_out(side):
    head = struct.pack(">IIBBBBB", side, 1, 8, 2, 0, 0, 0)
    assert logo_picture(Logo(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head), "image/png")) is None


@pytest.mark.parametrize(
    "inside",
    [
        b'<image width="9" height="9" xlink:href="file:///etc/hostname"/>',
        b'<image width="9" height="9" href="../../../../settings.py"/>',
        b'<script>alert(1)</script><a href="javascript:alert(1)"><rect width="9" height="9"/></a>',
        '<text y="8">Démo 😀</text>'.encode(),
    ],
)
def test_a_hostile_drawing_reads_no_file_and_fails_no_paper(inside):
    pdf = print_pdf(
        replace(RECEIPT, letterhead=replace(HEAD, logo=Logo(HOSTILE_SVG % inside, "image/svg+xml"))), printed_at=PRINTED
    )
    assert b"javascript" not in pdf.lower()
    assert b"passwd" not in pdf


@pytest.mark.parametrize("different", [1, 2])
def test_a_logo_is_in_the_file_once_however_many_papers_bear_it(different):
    logos = [Logo(png(300, 300 + i % different), "image/png") for i in range(12)]
    papers = [replace(RECEIPT, letterhead=replace(HEAD, logo=logo)) for logo in logos]
    with opened(print_many(papers, printed_at=PRINTED)) as file:
        images = [thing for thing in file.objects if isinstance(thing, Stream) and thing.get("/Subtype") == "/Image"]
        assert len(images) == different


@pytest.mark.parametrize("url", [URL, "https://x.example/" + "a" * 300, "https://x.example/é?b=1&c=<d>"])
def test_the_code_has_the_very_modules_of_its_address(url):
    matrix = segno.make_qr(url, error="m", boost_error=False).matrix
    drawn = [[0] * len(matrix) for _ in matrix]
    for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1", qr_picture(url)):
        for place in range(int(length)):
            drawn[int(y)][int(x) + place] = 1
    assert drawn == [list(row) for row in matrix]
