"""Runs the checks in order on one server, and says of each how it ended; at last, which methods of hvac none has called."""

import json
import os
import traceback
import warnings

from calls import record_calls, uncalled
from world import World

import first
import engines
import entities
import logins
import mounting
import operating
import reading
import sealing
import tokens

# hvac announces what its next major release will change.
warnings.simplefilter("ignore")

HERE = os.path.dirname(os.path.abspath(__file__))
PARTS = [first, mounting, engines, tokens, logins, entities, reading, operating, sealing]


def say(line):
    print(json.dumps(line), flush=True)


def shown(error):
    """Where in these files, and what."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(HERE)]
    return " > ".join(f"{os.path.basename(frame.filename)}:{frame.lineno}" for frame in frames[1:]) + f": {type(error).__name__}: {error}"


def main():
    record_calls()
    world = World()
    for part in PARTS:
        for name, check in list(vars(part).items()):
            if not name.startswith("check_"):
                continue
            line = {"check": f"{part.__name__}.{name[6:]}"}
            try:
                check(world)
            except Exception as error:
                line["error"] = shown(error)
            say(line)
    say({"uncalled": uncalled()})


main()
