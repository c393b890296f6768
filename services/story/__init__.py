"""The story: the main job from the first telephone call to the second visit, played over HTTP as people would.

``run`` starts its own stack on free ports, or plays against a running one; each step waits until the fact has arrived
where it must, and says after how many milliseconds it had. ``stage`` is how people and steps work, ``households`` who
is called about, ``calling``, ``asking``, ``visiting``, ``watching`` are the chapters, ``telling`` what is printed.
"""

from services.story.playing import Told, play, run

__all__ = ["Told", "play", "run"]
