"""What a worker's log says, and when."""

import os
import re
from datetime import datetime, timezone

import harness
from stage import Failed

PATIENCE_SECONDS = 180


class Log:
    """What a worker logs from now on."""

    def __init__(self, worker):
        self.worker = worker
        self.start = len(worker.log()) if os.path.exists(worker.log_path) else 0

    def find(self, event, after=0.0):
        """(time, fields) of the first line of the event, or None."""
        for line in self.worker.log()[self.start:].splitlines():
            match = re.match(rf"(\S+)Z \w+ {event}(?: (.*))?$", line)
            if match:
                at = datetime.fromisoformat(match[1]).replace(tzinfo=timezone.utc).timestamp()
                if at >= after:
                    return at, dict(re.findall(r'(\w+)=("[^"]*"|\S+)', match[2] or ""))
        return None

    def wait(self, event, after=0.0):
        found = harness.wait_for(lambda: self.find(event, after) or not self.worker.running(),
                                 event, PATIENCE_SECONDS)
        if found is True:
            raise Failed(f"the worker ended:\n{self.worker.log()[-2000:]}")
        return found
