"""~/adapt: the world model learns from the robot's own last minutes while it drives."""

from std_srvs.srv import SetBool

from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.training.mobile.adaptation import OnlineAdapter


class Adapting:
    """Starts and stops the adapter; what was learnt is kept until the model is loaded anew, on configure."""

    PARAMETERS = (
        Parameter("adaptation.enabled", False, "Learn from the last minutes from activation on, see also ~/adapt"),
    )

    def __init__(self, node: ManagedNode):
        """Made with the node."""
        self._node, self._adapter = node, OnlineAdapter()
        node.add_service(SetBool, "~/adapt", self._switch)

    def activate(self) -> None:
        """Starts if the parameter says so."""
        if self._node.value("adaptation.enabled"):
            self._adapter.start(self._node.pipeline)

    def deactivate(self) -> None:
        """Stops, within one step of training; a round under way is lost."""
        self._adapter.stop()

    def details(self) -> dict[str, str]:
        """Lines for the diagnostics."""
        status = self._adapter.status
        details = {
            "adaptation": f"failed: {status.message}" if status.message else status.state,
            "adaptation_rounds": str(status.rounds),
            "adaptation_switches": str(status.switches),
        }
        if status.last is not None:
            details["adaptation_last"] = status.last.reason
        return details

    def _switch(self, request: SetBool.Request, response: SetBool.Response) -> None:
        if request.data:
            self._adapter.start(self._node.pipeline)
        else:
            self._adapter.stop()
        response.message = f"Adaptation: {self._adapter.status.state}."
