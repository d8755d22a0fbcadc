"""What is known about a synthetic image, in one place: for Provenance.msg, the JSON sidecars and XMP (data/xmp.py)."""

from genmodels_ros.models.checkpoint import Card
from genmodels_ros.pipelines.camera.watermark_pattern import KEY, key_id

# IPTC NewsCodes, Digital Source Type, http://cv.iptc.org/newscodes/digitalsourcetype/
IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
MODIFIED = IPTC + "compositeWithTrainedAlgorithmicMedia"  # a picture changed by a generative model
CREATED = IPTC + "trainedAlgorithmicMedia"  # a picture made by one
SYNTHETIC = {MODIFIED, CREATED, IPTC + "algorithmicMedia", IPTC + "compositeSynthetic", IPTC + "virtualRecording"}


def provenance(card: Card, *, seed: int, marked: bool, kind: str = MODIFIED, **facts) -> dict:
    """The facts by the names of Provenance.msg; `facts` are those that only this kind of image has, like its style.

    marked: whether the pixels carry the mark of the watermark's KEY; then its id is told, and otherwise "".
    """
    return {
        "model": f"{card.model} {card.version}",
        "checkpoint_sha256": card.sha256,
        **facts,
        "seed": seed,
        "digital_source_type": kind,
        "mark_key": key_id(KEY) if marked else "",
    }


def says_synthetic(facts: dict) -> bool:
    """Whether facts, of a sidecar or of XMP and by whatever tool, name a kind of image that is no recording."""
    kind = str(facts.get("digital_source_type", ""))
    return kind.replace("https://", "http://", 1) in SYNTHETIC
