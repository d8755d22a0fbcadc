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
    ),
    "launch.conditions": ("IfCondition",),
    "launch.event_handlers": ("OnProcessExit", "OnProcessStart"),
    "launch.events": ("Shutdown", "matches_action"),
    "launch.launch_description_sources": ("PythonLaunchDescriptionSource",),
    "launch.substitutions": ("LaunchConfiguration", "PathJoinSubstitution"),
    "launch_ros": (),
    "launch_ros.actions": ("LifecycleNode", "Node"),
    "launch_ros.event_handlers": ("OnStateTransition",),
    "launch_ros.events": (),
    "launch_ros.events.lifecycle": ("ChangeState",),
    "launch_ros.substitutions": ("FindPackageShare",),
}


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
    """Everything recorded inside, outermost first."""
    if isinstance(thing, Recorded):
        yield thing
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
    monkeypatch.delitem(sys.modules, "genmodels_ros.nodes.launching", raising=False)
    yield walk
    sys.modules.pop("genmodels_ros.nodes.launching", None)


@pytest.fixture
def load_launch_file():
    """The module of a launch file."""

    def load(path):
        spec = importlib.util.spec_from_file_location(path.name.replace(".", "_"), path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load
