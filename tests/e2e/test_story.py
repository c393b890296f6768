import pytest

from services.story.playing import Told, as_notify, play
from services.story.stage import Stage
from tests.e2e.conftest import StartStack

pytestmark = pytest.mark.e2e
_MADE_UP = 24


async def test_the_story_is_played_to_its_end(start_stack: StartStack) -> None:
    async with start_stack(households=_MADE_UP) as running:
        told = await play(Stage(running.base_url, show_to_feed=as_notify(running), own=True))
    assert told.ok, told.failure
    assert len(told.steps) >= 25
    assert told.as_json()["steps"][0].keys() == {"who", "what", "where", "ms"}


async def test_a_story_that_can_not_be_played_says_which_step_did_not_happen() -> None:
    told = await play(Stage("http://127.0.0.1:9"))
    assert not told.ok
    assert "signs in" in str(told.failure)
    assert told.as_json()["ok"] is False


def test_what_did_not_happen_is_not_ok() -> None:
    assert Told([]).ok
    assert not Told([], "somebody did not come").ok
