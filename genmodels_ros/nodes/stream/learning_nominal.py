"""~/learn: what is normal, from the rows that come."""

from dataclasses import replace

from genmodels_interfaces.srv import LearnNominal
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.registry import FAMILIES
from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.nodes.stream.numeric_input import NumericInput, Rows
from genmodels_ros.pipelines.stream.anomaly import StreamAnomalyDetector
from genmodels_ros.pipelines.stream.model import StreamModel
from genmodels_ros.pipelines.stream.rare_values import rate_supported
from genmodels_ros.training.fitting import FitOptions
from genmodels_ros.training.stream.learner import LearnerSettings, StreamLearner
from genmodels_ros.training.stream.learning import StreamLearning

WITHOUT_DENSITY = {"gan"}
LONGEST = 7 * 24 * 3600.0  # s


class LearningNominal:
    """Starts, ends and tells; a model that is better takes over while rows are judged."""

    PARAMETERS = (
        Parameter(
            "family", "flow", "Of the density that ~/learn fits",
            choices=tuple(name for name in FAMILIES if name not in WITHOUT_DENSITY),
        ),
        Parameter(
            "given",
            [""],
            "Fields whose values ~/learn does not judge, only what the others do beside them, like position",
        ),
        Parameter("window", 5, "Rows before each that its slope and roughness look back", range=(2, 100)),
        Parameter("smoothing", 5, "Rows whose surprise is averaged", range=(1, 1000)),
        Parameter("learning.enabled", False, "Learn from activation on, again and again, see ~/learn"),
        Parameter("learning.least", 120.0, "Collected before the first fit", "s", range=(5.0, 86400.0)),
        Parameter("learning.run", 5.0, "Of the pieces that are fitted, or kept apart, whole", "s", range=(0.5, 600.0)),
        Parameter("learning.steps", 3000, "Of the optimiser at most", range=(1, 1_000_000)),
        Parameter("learning.save_to", "", "Folder that a model is written to when it takes over; empty: none"),
    )  # fmt: skip

    def __init__(self, node: ManagedNode):
        """Made with the node."""
        self._node, self.learner = node, None
        node.add_service(LearnNominal, "~/learn", self._serve, group=node.concurrent)

    def configure(self, detector: StreamAnomalyDetector, listening: NumericInput) -> None:
        self._detector, self._listening, self._wanted = detector, listening, None
        self.learner = StreamLearner(self._adopt, lambda: detector.model)

    def activate(self) -> None:
        self._wanted = 0.0 if self._node.value("learning.enabled") else None

    def deactivate(self) -> None:
        """What was collected, and a fit under way, are lost; the model stays."""
        self.learner.cancel()

    def take(self, rows: Rows, alarm: bool) -> None:
        """Rows that came."""
        if self._wanted is not None:  # asked for before the first message said what there is
            duration, self._wanted = self._wanted, None
            self.learner.settings = self._settings()
            self.learner.start(self._listening.labels, duration)
        self.learner.collect(rows.stamps, rows.rows, alarm)

    def details(self) -> dict[str, str]:
        status = self.learner.status
        return {
            "learning": status.state, "learning_rows": str(status.rows), "learning_fits": str(status.fits),
            "learning_switches": str(status.switches), "learning_outcome": status.outcome,
        }  # fmt: skip

    def _serve(self, request: LearnNominal.Request, response: LearnNominal.Response) -> None:
        if request.command == LearnNominal.Request.START:
            if not 0 <= request.duration <= LONGEST:
                raise GenModelsError(
                    ErrorCode.INVALID_HORIZON, f"duration must lie in 0 to {LONGEST:g} s, got {request.duration}."
                )
            self.learner.cancel()
            self._wanted = request.duration
        elif request.command == LearnNominal.Request.FINISH:
            self._wanted = None
            self.learner.finish()
        elif request.command == LearnNominal.Request.CANCEL:
            self._wanted = None
            self.learner.cancel()
        elif request.command != LearnNominal.Request.TELL:
            raise GenModelsError(
                ErrorCode.UNSUPPORTED, f"No command {request.command}: use 0 to 3, as LearnNominal says."
            )
        status = self.learner.status
        response.state = "collecting" if self._wanted is not None else status.state
        response.rows, response.seconds, response.outcome = status.rows, status.seconds, status.outcome

    def _settings(self) -> LearnerSettings:
        value = self._node.value
        options = FitOptions(steps=value("learning.steps"), looks=20, patience=5, device=value("device"))
        learning = StreamLearning(
            value("family"), options=options, lags=value("window"), smoothing=value("smoothing"),
            budget=value("false_alarms_per_hour"), given=tuple(path for path in value("given") if path.strip()),
        )  # fmt: skip
        return LearnerSettings(learning, run=value("learning.run"), least=value("learning.least"))

    def _adopt(self, model: StreamModel) -> None:
        """In the learner's thread."""
        if self._node.value("learning.save_to"):
            model = model.save(self._node.value("learning.save_to"))
        model = replace(model, density=model.density.to(self._detector.device))
        self._detector.adopt(model)
        hours, budget = model.calibration.hours, self._node.value("false_alarms_per_hour")
        says = f"A model of {model.density.inner.family} takes over, calibrated on {hours:.2f} h"
        if budget < rate_supported(hours):
            says += (
                f"; {budget:g} false alarms an hour are extrapolated, it alone speaks for {rate_supported(hours):.0f}"
            )
        self._node.get_logger().info(f"{says}.")
