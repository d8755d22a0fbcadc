"""The picture whose light the augmenter takes: a file that a parameter names, or the last on `reference_image`."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from rcl_interfaces.msg import SetParametersResult
from rclpy.parameter import Parameter as RosParameter
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image

from genmodels_ros.conversions.images import to_rgb
from genmodels_ros.data.image_codec import decode
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.model_node import ModelNode
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.pipelines.camera.image_translation import StyleCode

PATH = "reference.path"


@dataclass(frozen=True)
class Reference:
    """pixels uint8 [H, W, 3] RGB, and their hash, hexadecimal."""

    pixels: np.ndarray
    sha256: str


def reference_of(message: Image) -> Reference | None:
    """The reference that a message brings; an empty one (no width) brings none. Raises GenModelsError as `to_rgb`."""
    return _reference(to_rgb(message)) if message.width or message.height or len(message.data) else None


def reference_in(path: str) -> Reference | None:
    """The reference in a JPEG or PNG file; none for the empty path. Raises GenModelsError(INVALID_IMAGE, ...)."""
    if not path:
        return None
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise GenModelsError(
            ErrorCode.INVALID_IMAGE, f"{PATH} {path!r} cannot be read: {error.strerror}. Name a JPEG or PNG file."
        ) from error
    return _reference(decode(data))


class StyleReference:
    """The latest of parameter and topic wins; an empty path or an empty image ends it. A picture that cannot be read,
    or that the model cannot take a style from, changes nothing."""

    PARAMETERS = (Parameter(PATH, "", "JPEG or PNG file whose light the images take; empty: of none"),)

    def __init__(self, node: ModelNode):
        """Made with the node."""
        self._node = node
        self.current: Reference | None = None
        self._checked: Reference | None = None  # between the two callbacks of a parameter's change
        self._encoded: tuple[tuple, StyleCode | None] = ((), None)
        node.add_on_set_parameters_callback(self._check)
        node.add_post_set_parameters_callback(self._adopt)

    def configure(self) -> None:
        """Reads the parameter anew, with the model there. Raises GenModelsError."""
        self.current = self._usable(reference_in(self._node.value(PATH)))

    def activate(self) -> None:
        self._node.add_subscription(Image, "reference_image", self._receive, qos_profile_sensor_data)

    def code(self, reference: Reference | None, style: str) -> StyleCode | None:
        """What the model reads in a reference, as `style` or, for random, as the nearest one; the last is remembered.

        Raises GenModelsError as ImageAugmenter.encode.
        """
        if reference is None:
            return None
        asked = (reference.sha256, style, self._node.pipeline.card.sha256)
        known, code = self._encoded
        if asked != known:
            code = self._node.pipeline.encode(reference.pixels, style=style)
            self._encoded = asked, code
        return code

    def _receive(self, message: Image) -> None:
        self.current = self._usable(reference_of(message))

    def _check(self, parameters: list[RosParameter]) -> SetParametersResult:
        for path in _paths(parameters):
            try:
                self._checked = self._usable(reference_in(path))
            except GenModelsError as error:
                return SetParametersResult(successful=False, reason=error.message)
        return SetParametersResult(successful=True)

    def _adopt(self, parameters: list[RosParameter]) -> None:
        if _paths(parameters):
            self.current = self._checked

    def _usable(self, reference: Reference | None) -> Reference | None:
        if reference is not None and self._node.pipeline is not None:
            self._node.pipeline.encode(reference.pixels)
        return reference


def _paths(parameters: list[RosParameter]) -> list[str]:
    return [parameter.value for parameter in parameters if parameter.name == PATH]


def _reference(pixels: np.ndarray) -> Reference:
    return Reference(pixels, sha256(np.ascontiguousarray(pixels)).hexdigest())
