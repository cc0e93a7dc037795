#!/usr/bin/python3
"""The README's example, as it stands there, on a real broker."""

import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from harness import KafkaTest, wait_for  # noqa: E402

README = os.path.join(os.path.dirname(__file__), "..", "..", "README.md")


class ReadmeTest(KafkaTest):
    def test_what_goes_in_and_what_comes_out(self):
        with open(README, encoding="utf-8") as file:
            blocks = re.findall(r"^```(\w+)\n(.*?)^```", file.read(), re.S | re.M)
        program, = (text for language, text in blocks if language == "python")
        events, state = (text.splitlines() for language, text in blocks if language == "json")
        worker = self.worker("readme").start()
        worker.wait_log("running plan")
        subprocess.run(["/usr/bin/python3", "-c", program], env=worker.environment(), check=True)
        wait_for(lambda: worker.dump() == state or not worker.running(), "the state to be told")
        self.assertEqual(worker.dump(), state)
        self.assertEqual([r.value.decode() for r in self.outputs(worker)["party"]], events)
        self.assertEqual(worker.stop(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
