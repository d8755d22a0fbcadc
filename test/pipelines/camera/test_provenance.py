from genmodels_ros.data.xmp import FACTS
from genmodels_ros.models.checkpoint import Card
from genmodels_ros.pipelines.camera.provenance import CREATED, MODIFIED, provenance, says_synthetic
from genmodels_ros.pipelines.camera.watermark import KEY
from genmodels_ros.pipelines.camera.watermark_pattern import key_id

CARD = Card("image_translation_gan", {}, version="1.2.3", sha256="ab12")


def test_it_names_model_weights_kind_and_key():
    facts = provenance(CARD, seed=3, marked=True, style="fog", strength=0.5)
    assert facts == {
        "model": "image_translation_gan 1.2.3",
        "checkpoint_sha256": "ab12",
        "style": "fog",
        "strength": 0.5,
        "seed": 3,
        "digital_source_type": MODIFIED,
        "mark_key": key_id(KEY),
    }
    assert provenance(CARD, seed=3, marked=False, kind=CREATED)["mark_key"] == ""


def test_every_fact_has_its_place_in_xmp():
    facts = provenance(CARD, seed=3, marked=True, style="fog", strength=0.5, repainted_pixels=3)
    assert facts.keys() - {"digital_source_type"} <= FACTS.keys()


def test_what_counts_as_synthetic_is_the_standards_word():
    assert says_synthetic({"digital_source_type": MODIFIED}) and says_synthetic({"digital_source_type": CREATED})
    assert says_synthetic({"digital_source_type": MODIFIED.replace("http:", "https:")})
    captured = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
    assert not says_synthetic({"digital_source_type": captured}) and not says_synthetic({})
