from genmodels_ros.evaluation.world_model.collision_monitors import MONITORS
from genmodels_ros.evaluation.world_model.drive_tables import collision_table, listening_table, pose_table, scan_tables
from genmodels_ros.evaluation.world_model.scan_baselines import NAMES
from genmodels_ros.evaluation.world_model.simulated_drives import SCAN_STEPS


def test_tables_state_the_best_baseline_and_an_interval(starts):
    told, given = scan_tables("here", starts, 0)
    assert told.columns[-2:] == ("best baseline", "skill") and len(given.rows) == len(SCAN_STEPS)
    assert told.rows[0][-2] in NAMES and "(" in told.rows[0][-1]
    assert [row[0] for row in pose_table(starts, 0).rows] == ["commanded unicycle", "model"]
    assert len(collision_table({"here": starts}).rows) == 2 * (1 + len(MONITORS))


def test_listening_compares_with_the_commands_of_other_moments(starts):
    table = listening_table(starts, 0)
    assert len(table.rows) == len(SCAN_STEPS)
    assert all(true > 0 and shuffled / true - 1 == rise for _, true, shuffled, rise, _ in table.rows)
