"""moveit_msgs/GetMotionPlan, where moveit_msgs is installed: the generator as one more planner of MoveIt's kind."""

from functools import partial

from genmodels_ros.conversions.motion_plans import GET_MOTION_PLAN, fill, fill_failure, to_queries
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.arm.trajectory_parameters import request_defaults
from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.pipelines.arm.goal_alternatives import first_reached
from genmodels_ros.pipelines.arm.trajectory_query import GenerationResult

GROUPS = ["panda_arm", "ur_manipulator", "manipulator", "arm"]  # as MoveIt's configurations call an arm


class MotionPlans:
    """~/plan_kinematic_path; remap it to /plan_kinematic_path to take move_group's place."""

    PARAMETERS = (Parameter("motion_plans.groups", GROUPS, "Names of planning groups that mean this arm"),)

    def __init__(self, node: ManagedNode):
        self._node = node
        if GET_MOTION_PLAN is not None:
            node.add_service(
                GET_MOTION_PLAN, "~/plan_kinematic_path", self._serve, group=node.concurrent, needs_active=False
            )

    def _serve(self, request, response) -> None:
        asked, answer = request.motion_plan_request, response.motion_plan_response
        try:
            self._node.require_active()
            result = self._node.in_turn(partial(self._plan, asked))
            if result.code == ErrorCode.SUCCESS:
                fill(answer, self._node.robot, asked.group_name, result.candidates[0], result.planning_time)
            else:
                fill_failure(answer, asked.group_name, GenModelsError(result.code, result.message))
        except Exception as error:
            fill_failure(answer, asked.group_name, self._node.report(error))

    def _plan(self, asked, withdrawn) -> GenerationResult:
        node = self._node
        scene = node.scene_input
        queries = to_queries(
            asked,
            node.robot,
            tuple(node.value("motion_plans.groups")),
            node.state.current,
            scene.told,
            scene.planning_scene.objects,
            scene.planning_scene.frames,
            request_defaults(node),
        )
        return first_reached(partial(node.pipeline.generate, cancelled=withdrawn), queries)
