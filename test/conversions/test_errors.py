"""Codes and sentences in every kind of answer."""

import pytest
from std_srvs.srv import Trigger

from genmodels_interfaces.action import GenerateTrajectories as Action
from genmodels_interfaces.srv import (
    AugmentImages,
    CompleteImage,
    GenerateTrajectories,
    GetModelInfo,
    ImagineRollouts,
    InspectImages,
    ScorePaths,
    VerifyTrajectory,
)
from genmodels_ros.conversions.errors import answer, to_message
from genmodels_ros.errors import ErrorCode, GenModelsError

ERROR = GenModelsError(ErrorCode.NO_GOAL, "Give a goal.")
SERVICES = (
    AugmentImages,
    CompleteImage,
    GenerateTrajectories,
    GetModelInfo,
    ImagineRollouts,
    InspectImages,
    ScorePaths,
    VerifyTrajectory,
)


@pytest.mark.parametrize("answer_type", [*(service.Response for service in SERVICES), Action.Result])
def test_every_answer_carries_it(answer_type):
    response = answer_type()
    answer(response, ERROR)
    error = response.error if hasattr(response, "error") else response.result.error
    assert (error.value, error.message) == (ErrorCode.NO_GOAL, "Give a goal.")
    answer(response)
    error = response.error if hasattr(response, "error") else response.result.error
    assert error.value == ErrorCode.NO_GOAL, "success does not overwrite what a callback has said"
    response = answer_type()
    answer(response)
    error = response.error if hasattr(response, "error") else response.result.error
    assert error == to_message(ErrorCode.SUCCESS)


def test_triggers_have_their_own_fields():
    response = Trigger.Response(message="done")
    answer(response)
    assert response.success and response.message == "done"
    answer(response, ERROR)
    assert not response.success and response.message == "Give a goal."
