import numpy as np
import pytest

from genmodels_ros.simulation.arm.collada import GREY, read_parts

DOCUMENT = """<COLLADA xmlns="http://www.collada.org/2005/11/COLLADASchema">
  <library_effects><effect id="red-effect"><profile_COMMON><technique><phong><diffuse>
    <color>1 0 0 1</color></diffuse></phong></technique></profile_COMMON></effect></library_effects>
  <library_materials><material id="red"><instance_effect url="#red-effect"/></material></library_materials>
  <library_geometries><geometry id="plate"><mesh>
    <source id="points"><float_array count="12">0 0 0  1 0 0  0 1 0  9 9 9</float_array></source>
    <vertices id="corners"><input semantic="POSITION" source="#points"/></vertices>
    <triangles material="paint" count="1">
      <input semantic="NORMAL" source="#none" offset="0"/><input semantic="VERTEX" source="#corners" offset="1"/>
      <p>7 0 7 1 7 2</p></triangles></mesh></geometry></library_geometries>
  <library_visual_scenes><visual_scene id="scene"><node><matrix>1 0 0 5  0 1 0 0  0 0 1 0  0 0 0 1</matrix>
    <node><matrix>0 -1 0 0  1 0 0 0  0 0 1 2  0 0 0 1</matrix>
    <instance_geometry url="#plate">{binding}</instance_geometry></node></node></visual_scene></library_visual_scenes>
</COLLADA>"""
BOUND = """<bind_material><technique_common>
  <instance_material symbol="paint" target="#red"/></technique_common></bind_material>"""


@pytest.mark.parametrize(("binding", "color"), [(BOUND, (1.0, 0.0, 0.0)), ("", GREY)])
def test_triangles_are_placed_by_all_nodes_above_and_coloured(tmp_path, binding, color):
    path = tmp_path / "plate.dae"
    path.write_text(DOCUMENT.format(binding=binding))
    (part,) = read_parts(path)
    np.testing.assert_allclose(part.vertices[part.faces[0]], [(5, 0, 2), (5, 1, 2), (4, 0, 2)])
    assert len(part.vertices) == 3 and part.color == color
