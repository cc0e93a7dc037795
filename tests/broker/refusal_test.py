#!/usr/bin/python3
"""Outputs that the broker refuses for good (their size, their timestamp) never block the
worker: the record that causes one becomes a dead letter, and all others go their way."""

import os
import random
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from confluent_kafka.admin import NewTopic  # noqa: E402
from harness import (COMMANDS, DEAD, MEMBER, PARTY, TRACE_ID, Feeder, KafkaTest,  # noqa: E402
                     headers)

YEAR_MS = 365 * 24 * 3600 * 1000
CODE, MESSAGE = "__streams.errors.exception", "__streams.errors.message"


def incompressible(size):
    """The broker counts a batch's bytes as they were compressed."""
    return random.Random(size).randbytes(size // 2).hex().encode()


class RefusalTest(KafkaTest):
    def topic(self, name, **settings):
        new = NewTopic(name, 1, 1, config={k.replace("_", "."): str(v)
                                           for k, v in settings.items()})
        for future in self.admin.create_topics([new]).values():
            future.result()

    def play(self, worker, feeder):
        """A few members, then a command whose output is refused among many that are not."""
        for character in range(1, 41):
            feeder.character(character)
        feeder.flush()  # else a command may come before its character
        for character in range(1, 41):
            large = character == 17
            self.one_command(feeder, character, large)
        feeder.flush()
        self.wait_processed(worker, feeder)
        self.assertEqual(worker.stop(), 0)
        return self.outputs(worker)

    def one_command(self, feeder, character, large):
        extra = [("tracestate", incompressible(20_000))] if large else []
        feeder.send(COMMANDS, character, {"actorId": character, "type": "CREATE", "body": {}},
                    record_headers=headers() + extra)

    def check_one_refused(self, out):
        """All but character 17 have founded a party; its command is a dead letter."""
        founders = [record.key for record in out[PARTY]]
        self.assertEqual(len(founders), 39)
        self.assertEqual(len(set(founders)), 39)
        self.assertNotIn(b'"actorId":17,', b"".join(record.value for record in out[PARTY]))
        self.assertEqual(len(out[DEAD]), 1)
        dead = dict(out[DEAD][0].headers)
        self.assertEqual(dead[CODE], b"OUTPUT_REFUSED")
        self.assertIn(b"too large", dead[MESSAGE].lower())
        self.assertEqual(out[DEAD][0].value, b'{"actorId":17,"type":"CREATE","body":{}}')
        self.assertEqual(dead["__streams.errors.offset"], b"16")

    def test_an_output_too_large_for_its_topic(self):
        worker = self.worker("size")
        self.topic(worker.topics[PARTY], max_message_bytes=4000)
        worker.start()
        worker.wait_log("running plan")
        feeder = Feeder(self.inputs)
        out = self.play(worker, feeder)
        self.check_one_refused(out)
        told = re.findall(r" warning the broker refuses what a record causes record=(\S+) (.*)$",
                          worker.log(), re.M)
        self.assertEqual([record for record, _ in told], [f"{self.inputs[COMMANDS]}-0@16"])
        self.assertTrue(told[0][1].startswith(f"trace_id={TRACE_ID} times=1 why="), told)
        # What was tried and rolled back does not count.
        self.assertEqual(worker.counted("records_dead_lettered_total"), 1)
        self.assertEqual(worker.counted("records_processed_total"),
                         sum(feeder.count.values()) - 1)
        # Its command changed nothing.
        self.assertNotIn('"partyId"', [line for line in worker.dump("--offline")
                                       if '"id":17,' in line][0])

    def test_the_same_at_least_once(self):
        worker = self.worker("plain", output_guarantee="at_least_once")
        self.topic(worker.topics[PARTY], max_message_bytes=4000)
        worker.start()
        worker.wait_log("running plan")
        out = self.play(worker, Feeder(self.inputs))
        # What went out before the refusal came again.
        seen, once = set(), []
        for record in out[PARTY]:
            if record.value not in seen:
                seen.add(record.value)
                once.append(record)
        out[PARTY] = once
        self.check_one_refused(out)

    def test_a_timestamp_that_an_output_topic_refuses(self):
        worker = self.worker("time")
        self.topic(worker.topics[PARTY], message_timestamp_before_max_ms=YEAR_MS // 12)
        worker.start()
        worker.wait_log("running plan")
        feeder = Feeder(self.inputs)  # in 2023
        feeder.character(1)
        feeder.flush()
        feeder.command(1, "CREATE")
        feeder.flush()
        self.wait_processed(worker, feeder)
        out = self.outputs(worker)
        self.assertEqual(out[PARTY], [])
        self.assertEqual([dict(r.headers)[CODE] for r in out[DEAD]], [b"OUTPUT_REFUSED"])
        self.assertEqual(out[DEAD][0].timestamp, feeder.timestamp)
        self.assertEqual(worker.stop(), 0)

    def test_a_timestamp_that_the_dead_letter_topic_refuses(self):
        worker = self.worker("dead")
        self.topic(worker.topics[DEAD], message_timestamp_before_max_ms=YEAR_MS // 12)
        worker.start()
        worker.wait_log("running plan")
        feeder = Feeder(self.inputs)
        feeder.character(1)
        feeder.flush()
        feeder.send(COMMANDS, 1, None, raw=b"{broken")
        feeder.command(1, "CREATE")
        feeder.flush()
        self.wait_processed(worker, feeder)
        out = self.outputs(worker)
        self.assertEqual(len(out[PARTY]), 1)
        self.assertEqual([(r.value, dict(r.headers)[CODE]) for r in out[DEAD]],
                         [(b"{broken", b"INVALID_JSON")])
        self.assertGreater(out[DEAD][0].timestamp, feeder.timestamp + YEAR_MS)  # the present
        self.assertEqual(worker.stop(), 0)

    def test_a_dead_letter_topic_that_became_smaller(self):
        worker = self.worker("small")
        worker.start()
        worker.wait_log("running plan")
        # The worker has read the limit already.
        self.admin.delete_topics([worker.topics[DEAD]])[worker.topics[DEAD]].result()
        self.topic(worker.topics[DEAD], max_message_bytes=1500)
        feeder = Feeder(self.inputs)
        feeder.send(COMMANDS, 1, None, raw=b"{" + incompressible(50_000))
        feeder.character(1)
        feeder.flush()
        self.wait_processed(worker, feeder)
        out = self.outputs(worker)
        self.assertEqual(len(out[DEAD]), 1)
        dead = dict(out[DEAD][0].headers)
        self.assertEqual(dead[CODE], b"INVALID_JSON")
        self.assertIn(b"the value of 50001 bytes was cut", dead[MESSAGE])
        self.assertEqual(dead["__streams.errors.topic"], self.inputs[COMMANDS].encode())
        self.assertEqual(out[MEMBER], [])
        self.assertEqual(worker.stop(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
