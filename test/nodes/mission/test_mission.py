"""The mission with and without somebody who counts contacts."""

from genmodels_ros.nodes.mission.demo import _parse
from genmodels_ros.nodes.mission.mission import Mission


def test_where_nobody_counts_contacts_none_is_waited_for_nor_claimed(graph, tmp_path):
    mission = Mission(tmp_path, None, contacts=_parse(["--no-contacts"]).contacts)
    try:
        assert mission._count_contacts("arm") == 0, "at once, though no topic says so"
        assert mission._no_contact == "contacts not counted"
    finally:
        mission.close()
        for node in mission.nodes:
            node.destroy_node()


def test_contacts_are_counted_unless_told_otherwise():
    assert _parse([]).contacts
