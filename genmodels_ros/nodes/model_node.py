"""A lifecycle node around one pipeline: loads its checkpoint on configure, says what it runs, lets go on cleanup."""

from pathlib import Path

import torch

from genmodels_interfaces.srv import GetModelInfo
from genmodels_ros.conversions.model_info import to_model_info
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import shipped
from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.parameters import MODEL


class ModelNode(ManagedNode):
    """Subclasses fill in `load`, and `warm_up` so that the first request is as fast as the second."""

    PARAMETERS = (*ManagedNode.PARAMETERS, *MODEL)
    FAMILY = ""  # diffusion, vae, gan
    SHIPPED = ""  # checkpoint that comes with the package

    def __init__(self, name: str, **options):
        self.pipeline, self._device = None, ""
        super().__init__(name, **options)
        self.add_service(
            GetModelInfo, "~/get_model_info", self.get_model_info, group=self.concurrent, needs_active=False
        )

    @property
    def checkpoint(self) -> Path:
        """Folder of the weights."""
        return Path(self.value("model.checkpoint") or shipped(self.SHIPPED))

    def load(self, checkpoint: Path, device: str, precision: str):
        """The pipeline of the checkpoint in a folder."""
        raise NotImplementedError

    def warm_up(self) -> None:
        """One small run of the pipeline."""

    def configure(self) -> None:
        self.pipeline = self.load(self.checkpoint, self.value("device"), self.value("precision"))
        self._device = str(self.pipeline.device)
        self.warm_up()
        card = self.pipeline.card
        self.get_logger().info(f"{card.model} {card.sha256[:12]} on {self.pipeline.device}, {self.value('precision')}")

    def cleanup(self) -> None:
        self.pipeline = None

    def details(self) -> dict[str, str]:
        pipeline = self.pipeline
        if pipeline is None:
            return {"device": self.value("device"), "precision": self.value("precision"), "checkpoint_sha256": ""}
        return {
            "device": str(pipeline.device),
            "precision": self.value("precision"),
            "checkpoint_sha256": pipeline.card.sha256,
        }

    def report(self, error: Exception) -> GenModelsError:
        """As every node; where the GPU has no memory left, the model goes on on the CPU, slowly but surely."""
        if isinstance(error, torch.cuda.OutOfMemoryError):
            error = GenModelsError(
                ErrorCode.OUT_OF_MEMORY, f"No memory left on {self._device}: ask again, the model runs on the CPU now."
            )
            error = super().report(error)  # before diagnostics can see the new pipeline and have the last word
            with self.work:
                self.pipeline = self.load(self.checkpoint, "cpu", self.value("precision"))
            return error
        return super().report(error)

    def publish_diagnostics(self) -> None:
        """As every node; says it once when a pipeline has left its device for want of memory."""
        if self.pipeline is not None and str(self.pipeline.device) != self._device:
            left, self._device = self._device, str(self.pipeline.device)
            self.report(
                GenModelsError(
                    ErrorCode.OUT_OF_MEMORY,
                    f"No memory left on {left}: the model runs on {self._device} until it is configured again.",
                )
            )
        super().publish_diagnostics()

    def get_model_info(self, request: GetModelInfo.Request, response: GetModelInfo.Response) -> None:
        pipeline = self.pipeline
        if pipeline is None:
            raise GenModelsError(ErrorCode.NOT_ACTIVE, f"{self.get_name()} has no model loaded: configure it first.")
        response.info = to_model_info(
            pipeline.card,
            self.FAMILY,
            str(self.checkpoint),
            pipeline.num_parameters,
            str(pipeline.device),
            self.value("precision"),
        )
