"""What is known about a synthetic image, inside its file: XMP (ISO 16684-1), which photo tools show and search.

The kind of synthesis is IPTC's own property, Iptc4xmpExt:DigitalSourceType, and the model Iptc4xmpExt:AISystemUsed
(IPTC Photo Metadata Standard 2025.1); the other facts have a namespace of this package. PNG keeps a packet in an iTXt
chunk called XML:com.adobe.xmp, JPEG in an APP1 segment (XMP part 3). Both are read, PNG is written.
"""

import struct
import zlib
from collections.abc import Iterator
from xml.etree import ElementTree

import numpy as np

from genmodels_ros import __version__
from genmodels_ros.data.image_codec import encode_png

FACTS = {  # beside digital_source_type, by the names of the JSON sidecars
    "model": str,
    "checkpoint_sha256": str,
    "source": str,
    "source_stamp": float,
    "style": str,
    "reference_sha256": str,
    "lighting_only": bool,
    "strength": float,
    "repainted_pixels": int,
    "seed": int,
    "mark_key": str,
}
SPACES = {
    "x": "adobe:ns:meta/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "genmodels": "urn:genmodels-ros:provenance#",
}
MAX_PACKET = 1 << 20  # bytes; what claims more is not read
_PNG, _KEYWORD = b"\x89PNG\r\n\x1a\n", b"XML:com.adobe.xmp\0"
_JPEG_HEADER = b"http://ns.adobe.com/xap/1.0/\0"


def encode_synthetic_png(image: np.ndarray, facts: dict) -> bytes:
    """PNG of uint8 [H, W, 3] RGB with those of its facts that XMP carries; without a digital_source_type, none."""
    png = encode_png(image)
    if not facts.get("digital_source_type"):
        return png
    text = _KEYWORD + bytes(4) + packet(facts).encode()  # not compressed, no language, no translated keyword
    body = b"iTXt" + text
    chunk = struct.pack(">I", len(text)) + body + struct.pack(">I", zlib.crc32(body))
    header = len(_PNG) + 8 + 13 + 4  # the signature and IHDR
    return png[:header] + chunk + png[header:]


def packet(facts: dict) -> str:
    """The XMP packet; of `facts` it takes the names of FACTS and digital_source_type."""
    for prefix, uri in SPACES.items():
        ElementTree.register_namespace(prefix, uri)
    meta = ElementTree.Element(_name("x:xmpmeta"))
    description = ElementTree.SubElement(ElementTree.SubElement(meta, _name("rdf:RDF")), _name("rdf:Description"))
    description.set(_name("rdf:about"), "")
    properties = {
        "Iptc4xmpExt:DigitalSourceType": facts["digital_source_type"],
        "Iptc4xmpExt:AISystemUsed": facts.get("model"),
        "xmp:CreatorTool": f"genmodels_ros {__version__}",
        **{f"genmodels:{name}": facts.get(name) for name in FACTS},
    }
    for name, value in properties.items():
        if value is not None:
            ElementTree.SubElement(description, _name(name)).text = str(value)
    body = ElementTree.tostring(meta, encoding="unicode")
    return f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>{body}<?xpacket end="r"?>'


def read_facts(data: bytes) -> dict:
    """The facts in a PNG or JPEG file, {} if there are none or they are damaged; of any tool, digital_source_type."""
    facts = {}
    for text in _packets(data):
        if len(text) > MAX_PACKET or b"<!" in text:  # XMP has no entities, which could grow without end
            continue
        try:
            root = ElementTree.fromstring(text.decode())
        except (ElementTree.ParseError, UnicodeDecodeError):
            continue
        for name, value in _properties(root):
            prefix, _, local = name.partition(":")
            if name == "Iptc4xmpExt:DigitalSourceType":
                facts["digital_source_type"] = value
            elif prefix == "genmodels" and local in FACTS:
                facts |= _typed(local, value)
    return facts


def _typed(name: str, text: str) -> dict:
    kind = FACTS[name]
    try:
        return {name: text == "True" if kind is bool else kind(text)}
    except ValueError:
        return {}


def _properties(root: ElementTree.Element) -> Iterator[tuple[str, str]]:
    """(prefix:name, value): XMP writes a simple property as an element or, in short, as an attribute."""
    prefixes = {uri: prefix for prefix, uri in SPACES.items()}
    for description in root.iter(_name("rdf:Description")):
        found = [*description.attrib.items(), *((child.tag, child.text or "") for child in description)]
        for tag, value in found:
            uri, _, local = tag.removeprefix("{").partition("}")
            if uri in prefixes:
                yield f"{prefixes[uri]}:{local}", value.strip()


def _name(name: str) -> str:
    prefix, local = name.split(":")
    return f"{{{SPACES[prefix]}}}{local}"


def _packets(data: bytes) -> Iterator[bytes]:
    if data.startswith(_PNG):
        position = len(_PNG)
        while position + 12 <= len(data):
            (length,) = struct.unpack(">I", data[position : position + 4])
            kind, content = data[position + 4 : position + 8], data[position + 8 : position + 8 + length]
            if kind == b"iTXt" and content.startswith(_KEYWORD + b"\0"):
                yield content[len(_KEYWORD) + 2 :].split(b"\0", 2)[-1]
            position += 12 + length
    elif data.startswith(b"\xff\xd8"):
        position = 2
        while position + 4 <= len(data) and data[position] == 0xFF and data[position + 1] != 0xDA:
            length = struct.unpack(">H", data[position + 2 : position + 4])[0]
            content = data[position + 4 : position + 2 + length]
            if data[position + 1] == 0xE1 and content.startswith(_JPEG_HEADER):
                yield content[len(_JPEG_HEADER) :]
            position += 2 + length
