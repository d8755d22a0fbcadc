from pathlib import Path

import pytest

from genmodels_ros.data.file_names import inside, safe_name, unique_names
from genmodels_ros.errors import GenModelsError


@pytest.mark.parametrize("text", ["a.b", "../../x", "a b", "/", "", "é", "x" * 400, "a/b\\c", "\0", "con:1"])
def test_a_safe_name_is_one_part_of_a_path_without_dots(text):
    name = safe_name(text)
    assert name and Path(name).name == name and not set(name) & set("./\\\0: ") and len(name) <= 150


def test_names_are_unique_and_depend_on_no_other_file_unless_they_collide():
    assert unique_names(["a.png", "b.png"]) == ["a", "b"]
    assert unique_names(["a.png", "a.jpg", "b.png"]) == ["a_png", "a_jpg", "b"]
    names = unique_names(["a/b.png", "a_b.png", "a b.png", "a-b.png"])
    assert len(set(names)) == 4 and names[3] == "a-b"


@pytest.mark.parametrize("name", ["..", "../x", "a/../../x", "/x", "", "C:/x", "..\\x", "a\\..\\..\\x"])
def test_what_leads_out_is_refused(name):
    with pytest.raises(GenModelsError, match="leads out"):
        inside(Path("root"), name)


def test_what_stays_inside_is_found_there():
    assert inside(Path("root"), "a/b.png") == inside(Path("root"), "a\\b.png") == Path("root/a/b.png")
