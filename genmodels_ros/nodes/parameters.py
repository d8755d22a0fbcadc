"""A node's parameters as one table: a row gives the declaration, its descriptor and the check of every later value."""

import math
from dataclasses import dataclass

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.parameter import Parameter as RosParameter


@dataclass(frozen=True)
class Parameter:
    """One row.

    unit: SI, shown in the description; range: (lowest, highest), inclusive; choices: the values allowed;
    read_only: fixed when the process starts; load_time: read on configure, so changing it needs an unconfigured node.
    """

    name: str
    default: bool | int | float | str | list
    description: str
    unit: str = ""
    range: tuple[float, float] | None = None
    read_only: bool = False
    choices: tuple[str, ...] | None = None
    load_time: bool = False

    @property
    def descriptor(self) -> ParameterDescriptor:
        """What `ros2 param describe` shows."""
        description = f"{self.description} [{self.unit}]" if self.unit else self.description
        descriptor = ParameterDescriptor(
            name=self.name,
            type=RosParameter.Type.from_parameter_value(self.default).value,
            description=description,
            read_only=self.read_only,
        )
        if self.choices:
            descriptor.additional_constraints = f"one of: {', '.join(self.choices)}"
        elif self.load_time:
            descriptor.additional_constraints = "only while the node is unconfigured"
        if self.range and isinstance(self.default, float):
            descriptor.floating_point_range = [FloatingPointRange(from_value=self.range[0], to_value=self.range[1])]
        elif self.range:
            descriptor.integer_range = [IntegerRange(from_value=self.range[0], to_value=self.range[1])]
        return descriptor

    def refusal(self, value) -> str:
        """Why `value` cannot be taken, as a sentence; empty if it can."""
        if isinstance(value, float) and not math.isfinite(value):
            return f"{self.name} must be a finite number, got {value}."
        if self.range and not self.range[0] <= value <= self.range[1]:
            unit = f" {self.unit}" if self.unit else ""
            return f"{self.name} must lie between {self.range[0]} and {self.range[1]}{unit}, got {value}."
        if self.choices and value not in self.choices:
            return f"{self.name} must be one of {', '.join(self.choices)}, got {value!r}."
        return ""


AUTOSTART = Parameter(
    "autostart", False, "Configure and activate when the process starts; otherwise a launch file or manager does"
)

MODEL = (
    Parameter(
        "model.checkpoint", "", "Folder with model.safetensors and card.json; empty: the one shipped", load_time=True
    ),
    Parameter("device", "auto", "Where the model runs: auto, cpu, cuda or cuda:N", load_time=True),
    Parameter(
        "precision",
        "float32",
        "Arithmetic of the network",
        choices=("float32", "bfloat16", "float16"),
        load_time=True,
    ),
)
