"""« Validé » is said only when schemas were there, whole, and the file was really held against them.

The schemas here are made up, and say only a little of the format: the DGFiP's may not be distributed.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from portail.gateways.helios.pes import NAMESPACE, build
from portail.gateways.helios.schemas import Validation, validate
from tests.gateways.test_helios import FILE, ROLL

CONTENT = build(FILE)
ENTRANCE = f"""<?xml version="1.0"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:n="{NAMESPACE}" targetNamespace="{NAMESPACE}">
  <xs:include schemaLocation="../Parts/parts.xsd"/>
  <xs:element name="PES_Aller"><xs:complexType>
    <xs:sequence>
      <xs:element name="Enveloppe" type="n:Envelope"/>
      <xs:any minOccurs="0" maxOccurs="unbounded" processContents="skip"/>
    </xs:sequence>
    <xs:attribute name="Id" type="xs:ID"/>
  </xs:complexType></xs:element>
</xs:schema>
"""
PARTS = f"""<?xml version="1.0"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:n="{NAMESPACE}" targetNamespace="{NAMESPACE}">
  <xs:complexType name="Envelope"><xs:sequence>
    <xs:element name="Parametres"><xs:complexType><xs:sequence>
      <xs:element name="Version"/>
      <xs:element name="TypFic"><xs:complexType><xs:attribute name="V"><xs:simpleType>
        <xs:restriction base="xs:string"><xs:enumeration value="PESORMC"/></xs:restriction>
      </xs:simpleType></xs:attribute></xs:complexType></xs:element>
      <xs:any processContents="skip"/>
    </xs:sequence></xs:complexType></xs:element>
    <xs:any processContents="skip"/>
  </xs:sequence></xs:complexType>
</xs:schema>
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Schemas in two files, laid out as the DGFiP lays out its own."""
    place = tmp_path / "schemas"
    (place / "PES_V2" / "Rev0").mkdir(parents=True)
    (place / "PES_V2" / "Parts").mkdir()
    (place / "PES_V2" / "Rev0" / "PES_Aller.xsd").write_text(ENTRANCE)
    (place / "PES_V2" / "Parts" / "parts.xsd").write_text(PARTS)
    return place


def entrance(folder: Path) -> Path:
    return folder / "PES_V2" / "Rev0" / "PES_Aller.xsd"


def test_a_good_file_is_valid(folder: Path) -> None:
    assert validate(CONTENT, folder) == Validation(done=True)
    assert validate(CONTENT, folder).valid


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (CONTENT.replace(b'TypFic V="PESORMC"', b'TypFic V="AUTRE"'), "TypFic"),
        (CONTENT.replace(b"Enveloppe>", b"Envelope>"), "Envelope"),
        (CONTENT.replace(b'Id="ORMC2026007.xml"', b'Id="2026.xml"'), "2026.xml"),
        (CONTENT[:-20], "pas lisible"),
        (b"", "pas lisible"),
        (b"\xff\xfe<", "pas lisible"),
    ],
)
def test_a_wrong_file_is_really_rejected(folder: Path, content: bytes, said: str) -> None:
    found = validate(content, folder)
    assert found.done
    assert not found.valid
    assert said in " ".join(found.errors)


def test_an_ordinary_bordereau_meets_the_made_up_schema_and_is_told_so(folder: Path) -> None:
    content = build(replace(FILE, bordereau=replace(ROLL, pieces=ROLL.pieces[:1], cents=777)))
    assert validate(content, folder).valid


def test_without_schemas_nothing_is_claimed(tmp_path: Path) -> None:
    for folder in (None, tmp_path / "absent", tmp_path):
        found = validate(CONTENT, folder)
        assert (found.done, found.valid, found.errors) == (False, False, ())
        assert found.why_not.endswith(".")


def out_of_the_folder(folder: Path) -> None:
    (folder.parent / "parts.xsd").write_text(PARTS)
    entrance(folder).write_text(ENTRANCE.replace("../Parts/parts.xsd", "../../../parts.xsd"))


def from_the_network(folder: Path) -> None:
    entrance(folder).write_text(ENTRANCE.replace("../Parts/parts.xsd", "http://127.0.0.1:9/parts.xsd"))


def from_the_network_in_disguise(folder: Path) -> None:
    entrance(folder).write_text(ENTRANCE.replace("../Parts/parts.xsd", "//127.0.0.1:9/../Parts/parts.xsd"))


def import_of_another_namespace(folder: Path) -> None:
    (folder / "PES_V2" / "Parts" / "other.xsd").write_text(PARTS)
    wanted = '<xs:import namespace="urn:elsewhere" schemaLocation="../Parts/other.xsd"/><xs:element name="PES_Aller">'
    entrance(folder).write_text(ENTRANCE.replace('<xs:element name="PES_Aller">', wanted))


def not_there(folder: Path) -> None:
    (folder / "PES_V2" / "Parts" / "parts.xsd").unlink()


def not_xml(folder: Path) -> None:
    entrance(folder).write_text("PES")


def external_entity(folder: Path) -> None:
    secret = folder.parent / "secret"
    secret.write_text("<!-- PASSWORD -->")
    head = f'<!DOCTYPE xs:schema [<!ENTITY e SYSTEM "{secret.as_uri()}">]>'
    entrance(folder).write_text(ENTRANCE.replace("?>", f"?>{head}", 1).replace("</xs:schema>", "&e;</xs:schema>"))


def entity_bomb(folder: Path) -> None:
    bomb = '<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    text = PARTS.replace("?>", f"?><!DOCTYPE xs:schema [{bomb}]>", 1)
    text = text.replace(
        "<xs:complexType", "<xs:annotation><xs:documentation>&i;</xs:documentation></xs:annotation><xs:complexType", 1
    )
    (folder / "PES_V2" / "Parts" / "parts.xsd").write_text(text)


def two_entrances(folder: Path) -> None:
    (folder / "old" / "PES_V2" / "Rev0").mkdir(parents=True)
    (folder / "old" / "PES_V2" / "Rev0" / "PES_Aller.xsd").write_text(ENTRANCE)


def a_link_that_leads_out(folder: Path) -> None:
    outside = folder.parent / "outside.xsd"
    outside.write_text(ENTRANCE)
    entrance(folder).unlink()
    entrance(folder).symlink_to(outside)


@pytest.mark.parametrize(
    "spoil",
    [
        out_of_the_folder,
        from_the_network,
        from_the_network_in_disguise,
        import_of_another_namespace,
        not_there,
        not_xml,
        external_entity,
        entity_bomb,
        two_entrances,
        a_link_that_leads_out,
    ],
)
def test_spoilt_schemas_do_no_harm_and_claim_nothing(folder: Path, spoil: Callable[[Path], None]) -> None:
    assert validate(CONTENT, folder).valid  # the control: whole, they work
    spoil(folder)
    found = validate(CONTENT, folder)
    assert not found.done
    assert found.why_not
    assert "PASSWORD" not in found.why_not


def test_entities_in_the_file_itself_are_refused(folder: Path) -> None:
    bad = CONTENT.replace(b"?>", b'?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>', 1)
    found = validate(bad, folder)
    assert found.done
    assert found.errors
