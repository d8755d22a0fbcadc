"""Small stand-ins for launch and launch_ros where they are not installed: they record what launch files ask for."""

import importlib.util
import sys
import types

import pytest

MODULES = {
    "launch": ("LaunchContext", "LaunchDescription", "LaunchDescriptionEntity"),
    "launch.actions": (
        "DeclareLaunchArgument",
        "EmitEvent",
        "IncludeLaunchDescription",
        "LogInfo",
        "OpaqueFunction",
        "RegisterEventHandler",
        "SetEnvironmentVariable",
    ),
    "launch.conditions": ("IfCondition",),
    "launch.event_handlers": ("OnProcessExit", "OnProcessStart"),
    "launch.events": ("Shutdown", "matches_action"),
    "launch.launch_description_sources": ("PythonLaunchDescriptionSource",),
    "launch.substitutions": ("LaunchConfiguration", "PathJoinSubstitution"),
    "launch_ros": (),
    "launch_ros.actions": ("LifecycleNode", "Node", "SetRemap"),
    "launch_ros.event_handlers": ("OnStateTransition",),
    "launch_ros.events": (),
    "launch_ros.events.lifecycle": ("ChangeState",),
    "launch_ros.parameter_descriptions": ("ParameterValue",),
    "launch_ros.substitutions": ("FindPackageShare",),
}

OURS = ("shared", "simulators", "transforms", "move_group")  # what imports them


class Context(dict):
    """A LaunchContext that is nothing but its configurations."""

    @property
    def launch_configurations(self) -> dict:
        return self


class Recorded:
    """Something a launch file made: its class's name and its arguments."""

    def __init__(self, *args, **kwargs):
        self.args, self.kwargs = args, kwargs

    @property
    def kind(self) -> str:
        return type(self).__name__

    def perform(self, context: dict) -> str:
        """A LaunchConfiguration's value."""
        return context[self.args[0]]


def walk(thing):
    """Everything recorded inside, outermost first; what an OpaqueFunction is given is no part of anything yet."""
    if isinstance(thing, Recorded):
        yield thing
        if thing.kind == "OpaqueFunction":
            return
        yield from walk(thing.args)
        yield from walk(thing.kwargs)
    elif isinstance(thing, dict):
        yield from walk(list(thing.values()))
    elif isinstance(thing, list | tuple):
        for part in thing:
            yield from walk(part)


@pytest.fixture
def recorded_launch(monkeypatch):
    """Replaces launch and launch_ros by recorders for one test."""
    for name, attributes in MODULES.items():
        module = types.ModuleType(name)
        for attribute in attributes:
            setattr(module, attribute, type(attribute, (Recorded,), {}))
        monkeypatch.setitem(sys.modules, name, module)
    for name in OURS:
        monkeypatch.delitem(sys.modules, f"genmodels_ros.nodes.launching.{name}", raising=False)
    yield walk
    for name in OURS:
        sys.modules.pop(f"genmodels_ros.nodes.launching.{name}", None)


DEFAULTS = {
    "namespace": "",
    "use_sim_time": "true",
    "params_file": "params.yaml",
    "device": "cpu",
    "log_level": "info",
    "nodes": "trajectory_generator,world_model,simulation",
    "composed": "true",
    "sim": "mujoco",
    "world": "both",
    "floor_seed": "-1",
    "gui": "false",
    "control": "auto",
    "map_to_odom": "true",
    "moveit": "false",
}


@pytest.fixture
def carried_out(recorded_launch):
    """Everything that a launch description comes to, with its OpaqueFunctions called, each thing once."""

    def carry_out(description, **choices) -> list[Recorded]:
        things = list(walk(description))
        for thing in things:
            if thing.kind == "OpaqueFunction":
                context = Context(DEFAULTS | choices)
                things += walk(thing.kwargs["function"](context, *thing.kwargs.get("args", ())))
        return list({id(thing): thing for thing in things}.values())

    return carry_out


@pytest.fixture
def load_launch_file():
    """The module of a launch file."""

    def load(path):
        spec = importlib.util.spec_from_file_location(path.name.replace(".", "_"), path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load
