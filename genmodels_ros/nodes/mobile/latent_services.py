"""~/encode and ~/interpolate: the world model's state as numbers, kept under names for a while."""

import threading
from collections import OrderedDict

from nav_msgs.msg import Odometry

from genmodels_interfaces.msg import Latent as LatentMessage
from genmodels_interfaces.srv import EncodeScan, InterpolateLatents
from genmodels_ros.conversions.dreams import to_latent, to_recorded
from genmodels_ros.conversions.sensors import to_laser_scan
from genmodels_ros.conversions.stamps import header
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.pipelines.mobile.dreaming import recorded_moment
from genmodels_ros.pipelines.mobile.latents import NEAREST, Latent, checked_latent, interpolate, latent_of, sketches
from genmodels_ros.pipelines.mobile.world_model import RANGE_LIMIT


class LatentServices:
    """Services of the node's whole life; what is kept is forgotten with the model."""

    PARAMETERS = (Parameter("latents.kept", 100, "Latents kept under their names, the newest ones", range=(1, 10_000)),)

    def __init__(self, node: ManagedNode):
        """Made with the node."""
        self._node, self._lock = node, threading.Lock()
        self.forget()
        node.add_service(EncodeScan, "~/encode", self._encode)
        node.add_service(InterpolateLatents, "~/interpolate", self._interpolate)

    def forget(self) -> None:
        """Lets go of all latents."""
        with self._lock:
            self._kept: OrderedDict[str, Latent] = OrderedDict()
            self._number = 0

    def find(self, message: LatentMessage) -> Latent:
        """The latent of its numbers, or else of its name.

        Raises GenModelsError: UNKNOWN_LATENT, WRONG_LENGTH, NOT_FINITE.
        """
        if len(message.h) or len(message.z):
            return checked_latent(self._node.pipeline, message.h, message.z)
        with self._lock:
            latent = self._kept.get(message.name)
        if latent is None:
            raise GenModelsError(
                ErrorCode.UNKNOWN_LATENT, f"No latent {message.name!r} is kept: encode it again, or send h and z."
            )
        return latent

    def _encode(self, request: EncodeScan.Request, response: EncodeScan.Response) -> None:
        world, listening = self._node.pipeline, self._node.input
        if len(request.scan.ranges):
            odometry = Odometry(header=request.scan.header)
            odometry.twist.twist = request.twist
            snapshot = recorded_moment(world, to_recorded([request.scan], [odometry], listening.laser))
            response.header = request.scan.header
        else:
            listening.require_recent()
            snapshot = world.snapshot
            response.header = header(listening.scan_frame, snapshot.observation.stamp)
        latent = latent_of(snapshot)
        response.latent = to_latent(latent, self._keep(request.name, latent))

    def _keep(self, name: str, latent: Latent) -> str:
        with self._lock:
            self._number += 1
            name = name or f"latent_{self._number}"
            self._kept.pop(name, None)
            self._kept[name] = latent
            while len(self._kept) > self._node.value("latents.kept"):
                self._kept.popitem(last=False)
        return name

    def _interpolate(self, request: InterpolateLatents.Request, response: InterpolateLatents.Response) -> None:
        world, beams = self._node.pipeline, self._node.pipeline.model.beams
        latents = interpolate(self.find(request.first), self.find(request.second), request.steps)
        fan = {"angle_min": beams.angle_min, "angle_increment": beams.increment}
        limits = {"range_min": NEAREST, "range_max": float(RANGE_LIMIT)}
        scans = sketches(world, latents)
        frame = header(self._node.value("base_frame"), 0.0)
        response.scans = [to_laser_scan(ranges, frame, **fan, **limits) for ranges in scans]
        response.latents = [to_latent(latent) for latent in latents]
