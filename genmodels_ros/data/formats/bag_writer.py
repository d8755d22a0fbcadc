"""rosbag2 in MCAP, written: each variant on topics of its own, so that it plays back as a camera of its own.

/variant_00/<image topic>        Image rgb8, or CompressedImage (PNG) where the source's were compressed
/variant_00/<camera_info topic>  the source's calibration, where there is one
/variant_00/<label topic>        Image mono8, mono16 or 32SC1
/variant_00/<boxes topic>        the source's message, where a bag was the source
/variant_00/provenance           std_msgs/String: the sidecar as JSON
OUT/sidecars/<name>.json

Header stamps, frames and times of reception are the source's; images without any are spaced at 10 Hz. With the sources
included, those keep their own topics' names.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from genmodels_ros.data import rosbag
from genmodels_ros.data.formats.bag import BagFrame
from genmodels_ros.data.formats.folder import write_sidecar
from genmodels_ros.data.image_codec import encode_png
from genmodels_ros.data.labelled_images import ImageSource, Sample, SourceImage
from genmodels_ros.data.raw_images import LABEL_ENCODINGS

RATE = 10  # Hz, of images without a stamp
_DEFAULT_TOPICS = {"image": "/camera/image_raw", "labels": "/camera/label_image", "camera_info": "/camera/camera_info"}


class BagWriter:
    """`out` must not exist or be empty."""

    def __init__(self, out: Path, source: ImageSource):
        from rosbags.rosbag2 import StoragePlugin, Writer

        if out.is_dir():
            out.rmdir()  # the library makes it itself
        self._out, self._connections = out, {}
        self._last, self._count = None, 0  # the image at hand and its number
        self._topics = {**_DEFAULT_TOPICS, **{k: v for k, v in source.header.items() if source.format == "bag" and v}}
        self._types = rosbag.store().types
        self._bag = Writer(out, version=9, storage_plugin=StoragePlugin.MCAP)
        self._bag.open()

    def add(self, sample: Sample) -> None:
        sidecar = sample.sidecar
        if sample.image is not None:
            frame, namespace = (
                self._frame(sample.source),
                "" if sample.variant == "source" else f"/variant_{sample.variant}",
            )
            sidecar = {"image": f"{namespace}{self._topics['image']}", **sidecar}
            messages = {"image": self._image(sample.image, frame)}
            if frame.camera_info is not None:
                messages["camera_info"] = replace(frame.camera_info, header=frame.header)
            if frame.boxes is not None:
                messages["boxes"] = frame.boxes
            if sample.source.labels is not None:
                messages["labels"] = self._labels(sample.source.labels, frame)
            for part, message in messages.items():
                self._write(namespace + self._topics[part], message, frame.received)
            text = self._types["std_msgs/msg/String"](data=json.dumps(sidecar))
            self._write(f"{namespace}/provenance", text, frame.received)
        write_sidecar(self._out / "sidecars", sample.flat_name, sidecar)

    def close(self) -> tuple[str, ...]:
        self._bag.close()
        return ()

    def _frame(self, source: SourceImage) -> BagFrame:
        """The source's own, or one made up from its stamp, or from its number where it has none."""
        if isinstance(source.native, BagFrame):
            return source.native
        if source is not self._last:
            self._last, self._count = source, self._count + 1
        stamp = round((source.stamp if source.stamp is not None else self._count / RATE) * 1e9)
        time = self._types["builtin_interfaces/msg/Time"](sec=stamp // 10**9, nanosec=stamp % 10**9)
        header = self._types["std_msgs/msg/Header"](stamp=time, frame_id="camera")
        return BagFrame(header, stamp, compressed=False)

    def _image(self, image: np.ndarray, frame: BagFrame):
        if frame.compressed:
            data = np.frombuffer(encode_png(image), np.uint8)
            compressed = self._types["sensor_msgs/msg/CompressedImage"]
            return compressed(header=frame.header, format="rgb8; png compressed bgr8", data=data)
        return self._pixels(image, "rgb8", image.shape[1] * 3, frame)

    def _labels(self, labels: np.ndarray, frame: BagFrame):
        little_endian = np.ascontiguousarray(labels, labels.dtype.newbyteorder("<"))
        return self._pixels(little_endian, LABEL_ENCODINGS[labels.dtype.name], labels.shape[1] * labels.itemsize, frame)

    def _pixels(self, pixels: np.ndarray, encoding: str, step: int, frame: BagFrame):
        height, width = pixels.shape[:2]
        return self._types["sensor_msgs/msg/Image"](
            header=frame.header, height=height, width=width, encoding=encoding, is_bigendian=0, step=step,
            data=np.ascontiguousarray(pixels).view(np.uint8).reshape(-1),
        )  # fmt: skip

    def _write(self, topic: str, message, received: int) -> None:
        if topic not in self._connections:
            self._connections[topic] = self._bag.add_connection(topic, message.__msgtype__, typestore=rosbag.store())
        data = rosbag.store().serialize_cdr(message, message.__msgtype__)
        self._bag.write(self._connections[topic], received, data)
