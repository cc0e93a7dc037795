#!/usr/bin/python3
"""describe-topology: the plan for partitions that are given, or that a broker has."""

import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from confluent_kafka.admin import NewTopic  # noqa: E402
from harness import BOOTSTRAP, BUILD, COMMANDS, KafkaTest, VARIABLES, wait_for  # noqa: E402

DESCRIBE = os.path.join(BUILD, "tools", "describe-topology")


def describe(*flags, **environment):
    done = subprocess.run([DESCRIBE, *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False, timeout=60, env=environment)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class DescribeTopologyTest(KafkaTest):
    def make(self, **partitions):
        futures = self.admin.create_topics(
            [NewTopic(topic, partitions.get(name, 1), 1) for name, topic in self.inputs.items()])
        for future in futures.values():
            future.result()
        # The controller has made them; the broker hears of it.
        wait_for(lambda: set(futures) <= set(self.admin.list_topics(timeout=10).topics), "topics")

    def live(self):
        topics = {VARIABLES[name]: topic for name, topic in self.inputs.items()}
        return describe("--live", "--application_id", self.name, BOOTSTRAP_SERVERS=BOOTSTRAP,
                        **topics)

    def test_of_a_broker(self):
        self.make()
        status, out, err = self.live()
        self.assertEqual((status, err), (0, ""))
        self.assertTrue(out.startswith("Topologies:\n   Sub-topology: 0\n"))
        self.assertIn("\nPlan: fused\n  Task of state partition 0\n", out)
        self.assertIn(f"{self.inputs[COMMANDS]}-0", out)

    def test_of_a_broker_that_lacks_the_inputs(self):
        status, _, err = self.live()
        self.assertEqual(status, 1)
        self.assertIn("missing topics: ", err)
        self.assertIn(self.inputs[COMMANDS], err)

    def test_partitions_that_no_plan_is_for(self):
        self.make(**{COMMANDS: 2})
        status, _, err = self.live()
        self.assertEqual(status, 1)
        self.assertIn(f"input {self.inputs[COMMANDS]} has 2 partitions", err)

    def test_without_a_broker(self):
        status, out, err = describe("--partitions", "1", BOOTSTRAP_SERVERS="127.0.0.1:1")
        self.assertEqual((status, err), (0, ""))
        self.assertIn("Plan: fused", out)
        status, out, err = describe("--partitions", "COMMAND_TOPIC_PARTY=3")
        self.assertEqual(status, 1)
        self.assertIn("COMMAND_TOPIC_PARTY has 3 partitions", err)

    def test_a_full_disk_is_told(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([DESCRIBE], stdout=full, stderr=subprocess.PIPE, check=False,
                                  timeout=60, env={})
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"describe-topology: cannot write all of it: No space", done.stderr)

    def test_wrong_flags(self):
        for flags, named in ((("--format", "png"), "png"), (("--partitions", "many"), "many"),
                             (("--partitions", "0"), "\"0\""),
                             (("--partitions", "elsewhere=1"), "elsewhere"),
                             (("--partitions", "1", "--live"), "--live"),
                             (("--format", "dot", "--live"), "--format"),
                             (("picture",), "picture")):
            status, out, err = describe(*flags)
            self.assertEqual((status, out), (2, ""), flags)
            self.assertIn(named, err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
