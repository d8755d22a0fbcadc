"""Where files of a description are found, and what is said of those that are not."""

import numpy as np
import pytest

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.collision.geometry import link_pieces, load_geometry
from genmodels_ros.robots.packages import find_file, find_package

URDF = (
    '<robot name="wedge"><link name="base"><visual><geometry><mesh filename="gone.dae"/></geometry></visual>'
    '<collision><geometry><mesh filename="{}" scale="0.1 0.1 0.1"/></geometry></collision></link></robot>'
)
OBJ = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n"
STL = "solid wedge\n{}endsolid wedge\n"
FACET = "facet normal 0 0 0\nouter loop\nvertex {}\nvertex {}\nvertex {}\nendloop\nendfacet\n"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package `wedge_description` that nothing but the environment leads to."""
    for variable in ("AMENT_PREFIX_PATH", "ROS_PACKAGE_PATH"):
        monkeypatch.delenv(variable, raising=False)
    folder = tmp_path / "ws" / "share" / "wedge_description"
    (folder / "meshes").mkdir(parents=True)
    (folder / "urdf").mkdir()
    corners = ["0 0 0", "1 0 0", "0 1 0", "0 0 1"]
    facets = "".join(FACET.format(*(corners[k] for k in face)) for face in ((0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)))
    (folder / "meshes" / "wedge.obj").write_text(OBJ)
    (folder / "meshes" / "wedge.stl").write_text(STL.format(facets))
    return folder


def test_packages_are_found_in_ros_environments_and_around_the_urdf(package, monkeypatch):
    with pytest.raises(GenModelsError) as error:
        find_package("wedge_description")
    assert error.value.code == ErrorCode.MODEL_UNAVAILABLE and "ROS_PACKAGE_PATH" in error.value.message
    assert find_package("wedge_description", package / "urdf") == package
    monkeypatch.setenv("ROS_PACKAGE_PATH", f"/nowhere:{package.parent}")
    assert find_package("wedge_description") == package
    monkeypatch.setenv("ROS_PACKAGE_PATH", str(package))
    assert find_package("wedge_description") == package
    monkeypatch.delenv("ROS_PACKAGE_PATH")
    monkeypatch.setenv("AMENT_PREFIX_PATH", f"/opt/nothing:{package.parents[1]}")
    assert find_package("wedge_description") == package


def test_a_wheel_brings_its_package():
    assert (find_package("example-robot-data") / "robots" / "panda_description").is_dir()


@pytest.mark.parametrize("suffix", ["obj", "stl"])
@pytest.mark.parametrize(
    "form", ["package://wedge_description/meshes/wedge.{}", "../meshes/wedge.{}", "file://{0}.{1}"]
)
def test_meshes_of_every_name_and_kind_are_loaded(package, suffix, form):
    name = form.format(package / "meshes" / "wedge", suffix) if form.startswith("file") else form.format(suffix)
    (corners,) = link_pieces(*load_geometry(URDF.format(name), package / "urdf"))["base"]
    np.testing.assert_allclose(np.sort(corners.max(axis=0)), [0.1, 0.1, 0.1], atol=1e-6)


@pytest.mark.parametrize("name", ["package://wedge_description/meshes/no.stl", "no.stl", "/no/such/no.stl"])
def test_a_missing_mesh_is_one_clear_sentence(package, name):
    with pytest.raises(GenModelsError) as error:
        load_geometry(URDF.format(name), package / "urdf")
    assert error.value.code == ErrorCode.MODEL_UNAVAILABLE
    assert name in error.value.message and "is missing" in error.value.message and "\n" not in error.value.message


def test_relative_names_start_at_the_folder_given(tmp_path):
    (tmp_path / "a.txt").write_text("")
    assert find_file("a.txt", tmp_path) == tmp_path / "a.txt"
