"""~/augment, ~/inspect and ~/complete: single images and many, without a camera."""

import time

from genmodels_interfaces.srv import AugmentImages, CompleteImage, InspectImages
from genmodels_ros.conversions.augmentation import checked_images, to_provenance, to_sources
from genmodels_ros.conversions.images import from_rgb, to_labels, to_rgb
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.camera.style_reference import reference_of
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.pipelines.camera.augmentation import RANDOM
from genmodels_ros.pipelines.camera.image_completion import ImageCompleter
from genmodels_ros.pipelines.camera.watermark import detect


class AugmenterServices:
    """Services of the node's whole life. The completer is loaded by the first request for it."""

    PARAMETERS = (
        Parameter("max_images", 64, "Most images of a request", range=(1, 10_000)),
        Parameter("max_variants", 256, "Most variants a request may ask for in all", range=(1, 10_000)),
        Parameter("max_megapixels", 400, "Most that these variants may have together", "1e6 pixels", range=(1, 10_000)),
        Parameter("completion.checkpoint", "", "Folder of the model behind ~/complete; empty: the one shipped"),
    )

    def __init__(self, node):
        """Made with the ImageAugmenterNode."""
        self._node = node
        self.forget()
        node.add_service(AugmentImages, "~/augment", self._augment)
        node.add_service(InspectImages, "~/inspect", self._inspect)
        node.add_service(CompleteImage, "~/complete", self._complete)

    def forget(self) -> None:
        """Lets go of the completer."""
        self._completer, self._completer_folder = None, None

    def _augment(self, request: AugmentImages.Request, response: AugmentImages.Response) -> None:
        started, value = time.monotonic(), self._node.value
        count, reference = request.count or 1, reference_of(request.reference_image)
        self._check_count(count, len(request.images) + len(request.compressed_images))
        sources = to_sources(request, value("max_images"), value("max_megapixels"))
        options = {
            "style": request.style or (RANDOM if reference else value("style")),
            "strength": request.strength or value("strength"),
            "reference": reference,
            "lighting_only": request.lighting_only,
        }
        self._node.pipeline.check(style=options["style"], strength=options["strength"])
        variants = []
        for index, source in enumerate(sources):
            with self._node.monitor.measure():
                for variant in self._node.variants(source, count, seed=request.seed + index, **options):
                    self._node.require_active()  # deactivation does not wait for the rest
                    variants.append(variant)
        response.variants = variants
        response.computation_time = time.monotonic() - started

    def _check_count(self, count: int, images: int) -> None:
        most = self._node.value("max_variants")
        if count * images > most:
            raise GenModelsError(
                ErrorCode.INVALID_COUNT,
                f"{count} variants of {images} images are more than the {most} allowed: ask for fewer.",
            )

    def _inspect(self, request: InspectImages.Request, response: InspectImages.Response) -> None:
        started = time.monotonic()
        messages = checked_images(request, self._node.value("max_images"))
        found = []
        for message in messages:
            self._node.require_active()  # deactivation does not wait for the rest
            found.append(detect(to_rgb(message)))
        response.is_synthetic = [one.is_synthetic for one in found]
        response.score = [float(one.score) for one in found]
        response.false_alarm = [float(one.false_alarm) for one in found]
        response.computation_time = time.monotonic() - started

    def _complete(self, request: CompleteImage.Request, response: CompleteImage.Response) -> None:
        started = time.monotonic()
        image = to_rgb(request.image)
        mask = to_labels(request.mask, image.shape[:2]) != 0
        completer = self._loaded_completer()
        with self._node.monitor.measure():
            completed = completer.complete(image, mask, seed=request.seed)
        response.image = from_rgb(completed.image, request.image.header)
        response.provenance = to_provenance(request.image.header, completer.provenance(completed))
        response.computation_time = time.monotonic() - started

    def _loaded_completer(self) -> ImageCompleter:
        folder = self._node.value("completion.checkpoint")
        if self._completer is None or folder != self._completer_folder:
            device = str(self._node.pipeline.device)
            mark = self._node.value("mark")
            self._completer = ImageCompleter.from_checkpoint(folder or None, device=device, mark=mark)
            self._completer_folder = folder
        return self._completer
