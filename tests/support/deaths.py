"""What the workers of one application died of, and what came after each death: held against
what docs/failure-scenarios.md claims to be shown of each crash point."""

import os
import re

PAGE = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "failure-scenarios.md")
ON_ITS_DISK, DISK_LOST, TAKEN_OVER = "on its disk", "disk lost", "taken over"
HOW_OFTEN = {"several times": 2, "once": 1}


def claims():
    """{point: {what comes after a death there: how often at least}}"""
    with open(PAGE, encoding="utf-8") as file:
        rows = re.findall(r"^\| (`[a-z-]+`(?:, `[a-z-]+`)*) \| ([a-z ]+) \| ([a-z ]+) \| ([a-z ]+) \|",
                          file.read(), re.M)
    return {point: {what: HOW_OFTEN[told] for what, told in
                    zip((ON_ITS_DISK, DISK_LOST, TAKEN_OVER), often)}
            for points, *often in rows for point in re.findall("[a-z-]+", points)}


class History:
    """Events in their order: what, in which directory, and of a death where."""

    def __init__(self):
        self.events = []

    def started(self, directory):
        self.events.append(("start", directory, None))

    def wiped(self, directory):
        self.events.append(("wipe", directory, None))

    def died(self, directory, point):
        self.events.append(("death", directory, point.split(":")[0]))

    def deaths(self, point):
        """What came after each death there."""
        for i, (what, directory, where) in enumerate(self.events):
            if (what, where) == ("death", point):
                yield self._after(i, directory)

    def _after(self, i, directory):
        later = self.events[i + 1:]
        own = [n for n, (_, whose, _) in enumerate(later) if whose == directory]
        found = set()
        if own:
            found.add(ON_ITS_DISK if later[own[0]][0] == "start" else DISK_LOST)
        # Until it is back: those that start then, or run already.
        until = later[:own[0]] if own else later
        last = {whose: what for what, whose, _ in self.events[:i] if whose != directory}
        if "start" in [what for what, _, _ in until] + list(last.values()):
            found.add(TAKEN_OVER)
        return found


def lacking(histories):
    """What is claimed of points, and was not shown by the courses whose labels begin with
    them."""
    found = []
    for point, claim in claims().items():
        after = [death for label, history in histories.items()
                 if history and re.fullmatch(rf"{point}(-\d+)?(-[a-z]+)*", label)
                 for death in history.deaths(point)]
        if not after:
            continue  # it is not about dying there
        for what, least in claim.items():
            shown = sum(what in death for death in after)
            if shown < least:
                found.append(f"{point}, {what}: {shown} of {least}")
    return found
