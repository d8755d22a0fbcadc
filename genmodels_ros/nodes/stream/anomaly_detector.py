"""Says when a stream of numbers is not as usual, and which number it is: joint states, IMU, odometry, anything."""

import time
from pathlib import Path

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.clock import Clock, ClockType
from std_msgs.msg import Float64, Header
from std_srvs.srv import Trigger

from genmodels_interfaces.msg import Anomaly
from genmodels_interfaces.srv import GetModelInfo
from genmodels_ros.conversions.stamps import header
from genmodels_ros.conversions.stream_anomaly import to_anomaly, to_anomaly_status
from genmodels_ros.device import resolve_device
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import shipped
from genmodels_ros.nodes.model_node import ModelNode
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.nodes.process import main_for
from genmodels_ros.nodes.stream.learning_nominal import LearningNominal
from genmodels_ros.nodes.stream.numeric_input import NumericInput, Rows
from genmodels_ros.pipelines.stream.anomaly import StreamAnomalyDetector, StreamScore, StreamSettings
from genmodels_ros.pipelines.stream.model import StreamModel
from genmodels_ros.pipelines.stream.rare_values import rate_supported

LOOK = 0.1  # s between looks whether anything still comes
LATE = 0.2  # s that a message may take on a busy machine, before its absence counts


class AnomalyDetectorNode(ModelNode):
    """convert → StreamAnomalyDetector → convert. Without a checkpoint it waits to be taught what is normal."""

    PARAMETERS = (
        *ModelNode.PARAMETERS,
        *NumericInput.PARAMETERS,
        Parameter(
            "false_alarms_per_hour", 1.0, "As often may nominal rows raise an alarm", "1/h", range=(0.001, 3600.0)
        ),
        Parameter("hold", 1.0, "Without anything odd until an alarm ends", "s", range=(0.0, 3600.0)),
        Parameter("dropout.periods", 5.0, "Of silence that are no dropout yet", "usual periods", range=(1.5, 10000.0)),
        *LearningNominal.PARAMETERS,
    )

    def __init__(self, **options):
        self._last: tuple[StreamScore, Header] | None = None
        super().__init__("anomaly_detector", **options)
        self.learning = LearningNominal(self)
        self.add_service(Trigger, "~/reset", self.reset)

    @property
    def FAMILY(self) -> str:
        return self.pipeline.model.density.inner.family

    @property
    def checkpoint(self) -> Path | None:
        """Folder of the weights, or the name of a shipped one; None: nothing is known yet."""
        name = self.value("model.checkpoint")
        return None if not name else shipped(name) if shipped(name).is_dir() else Path(name)

    def configure(self) -> None:
        super().configure()
        model = self.pipeline.model
        self.input = NumericInput(self, model.layout.labels if model else None)
        self.learning.configure(self.pipeline, self.input)
        self._anomaly = self.add_publisher(Anomaly, "~/anomaly", 100)
        self._score = self.add_publisher(Float64, "~/score", 100)

    def load(self, checkpoint: Path | None, device: str, precision: str) -> StreamAnomalyDetector:
        if precision != "float32":
            raise GenModelsError(ErrorCode.INVALID_CONFIG, "Densities are computed in float32: set precision to that.")
        model = None if checkpoint is None else StreamModel.load(checkpoint, resolve_device(device))
        return StreamAnomalyDetector(model)

    def activate(self) -> None:
        self._last = None
        self.pipeline.forget()
        self.learning.activate()
        self.input.activate(self.judge)
        self.add_timer(LOOK, self.look, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def deactivate(self) -> None:
        self.learning.deactivate()

    def destroy_node(self) -> None:
        """A process ends with its threads: whatever is being learnt ends first."""
        if self.learning.learner is not None:
            self.learning.deactivate()
        super().destroy_node()

    # --- What comes, and what does not

    def judge(self, rows: Rows) -> None:
        """Rows that came since the last call; the learner gets them, too."""
        self.pipeline.settings = self._settings()
        if self.pipeline.model and self.pipeline.model.layout.labels != self.input.labels:
            self.pipeline.adopt(None)
        scores = self.pipeline.assess(rows.stamps, rows.rows)
        for score, told in zip(scores, rows.headers, strict=False):
            self._tell(score, told)
        self.learning.take(rows, any(score.alarm for score in scores))

    def look(self) -> None:
        """Nothing came for too long: that is odd, too."""
        arrival = self.input.arrival
        if arrival is None:
            return
        with self.work:
            silence = time.monotonic() - arrival
            if not self.active or silence <= LATE or self.input.arrival != arrival or self._last is None:
                return
            stamp = self.pipeline.last_stamp + silence
            score = self.pipeline.assess_silence(stamp, silence)
            if score is not None:
                self._tell(score, header(self._last[1].frame_id, stamp))

    def _tell(self, score: StreamScore, told: Header) -> None:
        self._last = (score, told)
        if np.isfinite(score.value):
            self._anomaly.publish(to_anomaly(score, told))
            self._score.publish(Float64(data=score.value))

    def _settings(self) -> StreamSettings:
        return StreamSettings(self.value("false_alarms_per_hour"), self.value("hold"), self.value("dropout.periods"))

    # --- Services and diagnostics

    def reset(self, request: Trigger.Request, response: Trigger.Response) -> None:
        """Back to what was configured: ends learning, forgets what was learnt and what came."""
        self.learning.deactivate()
        self.pipeline.adopt(self.load(self.checkpoint, self.value("device"), self.value("precision")).model)
        self.pipeline.forget()
        self._last = None
        response.message = "Back to the checkpoint." if self.pipeline.model else "Nothing is known: call ~/learn."

    def get_model_info(self, request: GetModelInfo.Request, response: GetModelInfo.Response) -> None:
        if self.pipeline is not None and self.pipeline.model is None:
            raise GenModelsError(
                ErrorCode.MODEL_UNAVAILABLE, "Nothing was learnt yet: call ~/learn, or load a checkpoint."
            )
        super().get_model_info(request, response)

    def details(self) -> dict[str, str]:
        if self.pipeline is None or not self.active:
            return super().details()
        model = self.pipeline.model
        hours = model.calibration.hours if model and model.calibration else 0.0
        return {
            **super().details(),
            **self.learning.details(),
            "alarms": str(self.pipeline.state.count),
            "fields": str(len(self.input.labels or ())),
            "messages of others": str(self.input.others),
            "overrun": str(self.input.overrun),
            "calibrated_hours": f"{hours:.2f}",
            "false_alarms_per_hour_seen_to_hold": f"{rate_supported(hours):.3g}" if hours else "",
        }

    def statuses(self) -> list[DiagnosticStatus]:
        if not self.active:
            return []
        score = self._last[0] if self._last else None
        name = f"{self.get_fully_qualified_name()}: anomaly"
        return [to_anomaly_status(score, name, self.pipeline.model is not None)]


main = main_for(AnomalyDetectorNode)
