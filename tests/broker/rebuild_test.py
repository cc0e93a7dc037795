#!/usr/bin/python3
"""party-worker --rebuild: local state is kept beside, and restored from the changelogs."""

import glob
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from harness import STORES  # noqa: E402
from stops import StopsTest  # noqa: E402


class RebuildTest(StopsTest):
    def stores(self, worker):
        return os.path.join(worker.state_dir, worker.application_id, "stores")

    def names(self, worker):
        return sorted(os.listdir(self.stores(worker)))

    def test_state_is_restored_and_the_former_kept(self):
        worker, feeder = self.processed_worker()
        before, outputs = worker.dump("--offline"), self.outputs(worker)
        worker.start("--rebuild")
        worker.wait_log("running plan", 2)
        self.assertEqual(worker.stop(), 0)
        kept, = (name for name in self.names(worker) if name != "0")
        self.assertRegex(kept, r"^0\.aside-\d{8}T\d{6}Z$")
        # It says where.
        self.assertIn(f"as={kept}", worker.log())
        self.assertIn(self.stores(worker) + "/", worker.log())
        self.assertEqual(worker.dump("--offline"), before)
        self.assert_same_outputs(outputs, self.outputs(worker))
        # What was kept is the state as it was.
        os.rename(os.path.join(self.stores(worker), "0"), os.path.join(self.directory, "new"))
        os.rename(os.path.join(self.stores(worker), kept), os.path.join(self.stores(worker), "0"))
        self.assertEqual(worker.dump("--offline"), before)
        self.assert_goes_on(worker, feeder)
        self.assertEqual(self.names(worker), ["0"])

    def test_a_damaged_store(self):
        worker, feeder = self.processed_worker()
        for path in glob.glob(os.path.join(self.stores(worker), "0", "CURRENT")):
            os.remove(path)
        worker.start()
        self.assertEqual(worker.wait_exit(), 1)
        self.assertIn("CURRENT", worker.log())
        self.assert_goes_on(worker, feeder, "--rebuild")
        self.assertEqual(len(self.names(worker)), 2)

    def test_refused_beside_a_running_owner(self):
        worker, _ = self.processed_worker()
        worker.start()
        worker.wait_log("running plan", 2)
        other = self.worker("w", session_timeout_ms=6000)
        other.log_path += ".other"
        other.start("--rebuild")
        self.assertEqual(other.wait_exit(), 1)
        self.assertIn(f"in use by process {worker.process.pid}", other.log())
        self.assertEqual(self.names(worker), ["0"])
        self.assert_members(worker, [1, 2])
        self.assertEqual(worker.stop(), 0)

    def test_nothing_to_restore_from(self):
        worker, feeder = self.processed_worker()
        wrong = self.worker("wrong", session_timeout_ms=6000)
        self.assert_stops(wrong, "--rebuild", changes=True,
                          names=["no changelogs", wrong.application_id, "APPLICATION_ID"])
        self.delete_group(worker)
        self.delete(*(self.changelog(worker, store) for store in STORES))
        self.assert_stops(worker, "--rebuild", names=["no changelogs", "--rebuild"])
        self.assertEqual(self.names(worker), ["0"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
