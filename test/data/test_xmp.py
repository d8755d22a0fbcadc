"""What is known about an image travels inside its file, for standard tools: OpenCV and zlib read it here."""

import struct
import zlib
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genmodels_ros.data.image_codec import decode
from genmodels_ros.data.xmp import encode_synthetic_png, packet, read_facts

IMAGE = np.random.default_rng(0).integers(0, 256, (12, 17, 3), dtype=np.uint8)
FACTS = {
    "digital_source_type": "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia",
    "model": "image_translation_gan 0.4.0",
    "checkpoint_sha256": "69d8cc",
    "source": 'Küche & "Flur" <1>.jpg',
    "source_stamp": 1700000000.123456,
    "style": "night",
    "reference_sha256": "",
    "lighting_only": False,
    "strength": 0.25,
    "repainted_pixels": 7,
    "seed": 2**63 - 1,
    "mark_key": "8d8c7987899484dd",
}
SEED = str(FACTS["seed"])
IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"


def chunks(data):
    position = 8
    while position < len(data):
        (length,) = struct.unpack(">I", data[position : position + 4])
        kind, body = data[position + 4 : position + 8], data[position + 8 : position + 8 + length]
        (crc,) = struct.unpack(">I", data[position + 8 + length : position + 12 + length])
        assert crc == zlib.crc32(kind + body)
        yield kind, body
        position += 12 + length


def jpeg_with(text: bytes) -> bytes:
    data = cv2.imencode(".jpg", IMAGE)[1].tobytes()
    body = b"http://ns.adobe.com/xap/1.0/\0" + text
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]


def test_what_is_written_is_read_back_with_its_types():
    assert read_facts(encode_synthetic_png(IMAGE, {**FACTS, "quality": 0.5})) == FACTS
    assert read_facts(jpeg_with(packet(FACTS).encode())) == FACTS


def test_the_pixels_are_untouched_and_the_file_is_sound():
    data = encode_synthetic_png(IMAGE, FACTS)
    assert np.array_equal(decode(data), IMAGE)
    kinds = [kind for kind, _ in chunks(data)]
    assert kinds[:2] == [b"IHDR", b"iTXt"] and kinds[-1] == b"IEND" and kinds.count(b"iTXt") == 1


def test_another_reader_finds_the_property_of_the_standard():
    if not hasattr(cv2, "imdecodeWithMetadata"):
        pytest.skip("this OpenCV reads no metadata")
    data = np.frombuffer(encode_synthetic_png(IMAGE, FACTS), np.uint8)
    image, kinds, contents = cv2.imdecodeWithMetadata(data, flags=cv2.IMREAD_COLOR)
    assert np.array_equal(image[..., ::-1], IMAGE)
    xmp = bytes(np.asarray(contents[list(kinds).index(cv2.IMAGE_METADATA_XMP)]).ravel()).rstrip(b"\0")
    root = ElementTree.fromstring(xmp.decode())
    assert root.find(f".//{IPTC}DigitalSourceType").text == FACTS["digital_source_type"]
    assert root.find(f".//{IPTC}AISystemUsed").text == FACTS["model"]


def test_an_image_that_is_not_synthetic_says_nothing():
    data = encode_synthetic_png(IMAGE, {"source": "camera", "synthetic": False})
    assert read_facts(data) == {} and all(kind != b"iTXt" for kind, _ in chunks(data))


def test_other_tools_short_form_and_their_properties_are_read():
    text = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" rdf:about="" '
        'Iptc4xmpExt:DigitalSourceType="urn:x"/></rdf:RDF></x:xmpmeta>'
    )
    assert read_facts(jpeg_with(text.encode())) == {"digital_source_type": "urn:x"}


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<x",
        b"\xff\xfe",
        b'<!DOCTYPE x [<!ENTITY a "5">]>' + packet(FACTS).split("?>", 1)[1].replace(SEED, "&a;").encode(),
        packet({**FACTS, "seed": "many", "strength": "", "lighting_only": None}).encode(),
    ],
)
def test_damaged_packets_leave_out_what_cannot_be_read(text):
    facts = read_facts(jpeg_with(text))
    assert "seed" not in facts and "strength" not in facts


@given(st.binary(max_size=200), st.integers(0, 400))
def test_no_file_makes_the_reader_fail(noise, cut):
    good = encode_synthetic_png(IMAGE, FACTS)
    for data in (noise, good[:cut] + noise, b"\xff\xd8" + noise, jpeg_with(packet(FACTS).encode())[:cut]):
        assert isinstance(read_facts(data), dict)
