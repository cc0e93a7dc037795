#!/usr/bin/python3
"""state-dump --verify: silent where store and changelogs agree, also beside a worker at work
and after kill -9; and each thing that is changed behind the worker's back is named."""

import json
import os
import struct
import subprocess
import sys
import unittest
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from confluent_kafka import Producer  # noqa: E402
from confluent_kafka.admin import NewTopic  # noqa: E402

from harness import (BOOTSTRAP, BUILD, DUMP, Feeder, KafkaTest, TENANT,  # noqa: E402
                     read_topics, wait_for)
from traffic import Traffic  # noqa: E402

EDIT = os.path.join(BUILD, "tests", "edit_store")
FIRST = 1_000_000_000
EVERY_FEW_RECORDS = {"checkpoint_interval_ms": 50}
NO_CHECKPOINT_BUT_THE_LAST = {"checkpoint_interval_ms": 3_600_000}


def store_key(number, tenant=TENANT):
    return uuid.UUID(tenant).bytes + struct.pack(">I", number)


def party(leader, *members):
    return b"\1\1" + struct.pack(f"<IB{len(members)}I", leader, len(members), *members)


def character(party_id=None, level=None):
    bits = (2 if level is not None else 0) | (0x200 if party_id is not None else 0)
    return b"\1\1" + struct.pack("<H", bits) + (b"" if level is None else bytes([level])) \
        + (b"" if party_id is None else struct.pack("<I", party_id))


class VerifyTest(KafkaTest):
    maxDiff = None

    def filled(self, **settings):
        """A stopped worker: 1 leads 2 in a party; 3 is in none; 4 was deleted."""
        worker = self.worker("w", **{**NO_CHECKPOINT_BUT_THE_LAST, **settings}).start()
        feeder = Feeder(self.inputs)
        worker.wait_log("running plan")
        for who in (1, 2, 3, 4):
            feeder.character(who)
        feeder.flush()
        self.wait_processed(worker, feeder)
        feeder.command(1, "CREATE")
        feeder.command(2, "JOIN", partyId=FIRST)
        feeder.status(4, "DELETED")
        feeder.flush()
        self.wait_processed(worker, feeder)
        self.stop(worker)
        return worker, feeder

    def run_verify(self, worker, *flags):
        done = subprocess.run([DUMP, "--verify", *flags], env=worker.environment(), check=False,
                              timeout=60, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def differences(self, worker):
        """[(kind, object or rule)], and all lines as they came."""
        status, out, err = self.run_verify(worker, "--format=json")
        lines = [json.loads(line) for line in out.splitlines()]
        found = [(line["difference"], line.get("object") or line["rule"])
                 for line in lines if "difference" in line]
        verified = lines[-1]["verified"]
        unchecked = [line["not_checked"] for line in lines[:-1] if "not_checked" in line]
        self.assertEqual(unchecked.count("superseded"), verified["superseded"])
        self.assertEqual(unchecked.count("undecided"), verified["undecided"])
        self.assertEqual(len(found) + len(unchecked), len(lines) - 1)
        self.assertEqual(len(found), verified["differences"] + verified["rules_broken"])
        self.assertEqual(status, 1 if found else 0, err)
        self.assertEqual(err, "")
        return found, lines

    def edit(self, worker, store, key, value=None):
        folder = os.path.join(worker.state_dir, worker.application_id, "stores", "0")
        subprocess.run([EDIT, folder, store, key.hex()] + ([] if value is None else [value.hex()]),
                       check=True, timeout=60)

    # ------------------------------------------------------------------ nothing differs

    def test_a_stopped_worker(self):
        worker, _ = self.filled()
        verified = worker.verify()
        # 3 characters, a party, a sequence; of the engine 3 identities and the offsets.
        self.assertEqual(verified["right"], 9)
        self.assertEqual((verified["superseded"], verified["not_checked"]), (0, []))
        status, out, err = self.run_verify(worker)
        self.assertEqual((status, err), (0, ""))
        self.assertIn("rules in the checkpoint: 3 characters, 1 parties, 0 violations", out)
        self.assertIn("rules at the changelogs' ends: 3 characters, 1 parties, 0 violations", out)
        self.assertEqual(out.splitlines()[-1], "verified: 9 entries are right, 0 differ, "
                         "0 rules are broken, 0 stores are unreadable")

    def test_beside_a_worker_at_work(self):
        worker = self.worker("w", **EVERY_FEW_RECORDS).start()
        worker.wait_log("running plan")
        feeder, traffic = Feeder(self.inputs), Traffic(5)

        def check_the_rules():
            """Whether there was a checkpoint to look at."""
            with subprocess.Popen([DUMP, "--verify", "--format=json"], env=worker.environment(),
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE) as verify:
                while verify.poll() is None:
                    traffic.one(feeder)
                    feeder.flush()
                out, err = verify.communicate()
                self.assertEqual((verify.returncode, err), (0, b""), out)
                self.assertIn(b'"differences":0', out)
                return b"the rules in the checkpoint" not in out

        for _ in range(8):
            wait_for(check_the_rules, "a checkpoint")
        self.wait_processed(worker, feeder)
        wait_for(lambda: worker.verify()["right"] > 20, "a checkpoint of it")
        self.assertEqual(worker.stop(), 0)

    def test_after_kill_9(self):
        worker = self.worker("w", **EVERY_FEW_RECORDS)
        feeder, traffic = Feeder(self.inputs), Traffic(6)

        def feed_100():
            for _ in range(100):
                traffic.one(feeder)
                feeder.flush()

        def has_checkpoint():
            """Of some of the traffic, which goes on meanwhile: a checkpoint follows a commit."""
            feed_100()
            return worker.verify()["right"] > 20

        for round_ in range(1, 5):
            worker.start()
            worker.wait_log("running plan", round_)
            wait_for(has_checkpoint, "a checkpoint")
            feed_100()
            worker.kill()
            self.assertGreater(worker.verify()["right"], 20)

    def test_no_checkpoint_yet(self):
        worker = self.worker("w", **NO_CHECKPOINT_BUT_THE_LAST).start()
        worker.wait_log("running plan")
        feeder = Feeder(self.inputs)
        feeder.character(1)
        feeder.flush()
        self.wait_processed(worker, feeder)
        verified = worker.verify()
        self.assertEqual(verified["right"], 0)
        self.assertEqual(len(verified["not_checked"]), 2)
        for why in verified["not_checked"]:
            self.assertRegex(why, "there is (no checkpoint|none) yet")
        self.stop(worker)
        self.assertEqual(worker.verify()["not_checked"], [])

    def test_what_compaction_has_removed_is_told_and_not_called_wrong(self):
        worker = self.worker("w", **NO_CHECKPOINT_BUT_THE_LAST)
        changelog = f"{worker.application_id}-characters-changelog"
        # As small and as soon as the broker can.
        self.admin.create_topics([NewTopic(changelog, 1, 1, config={
            "cleanup.policy": "compact", "delete.retention.ms": "604800000", "segment.ms": "100",
            "min.cleanable.dirty.ratio": "0.0", "max.compaction.lag.ms": "100",
            "message.timestamp.type": "LogAppendTime"})])[changelog].result()
        worker.start()
        worker.wait_log("running plan")
        feeder = Feeder(self.inputs)
        for who in (1, 2, 3):
            feeder.character(who)
        feeder.flush()
        self.wait_processed(worker, feeder)
        self.stop(worker)
        self.assertEqual(worker.verify()["superseded"], 0)
        worker.start()
        worker.wait_log("running plan", 2)
        level = 100

        def is_compacted():
            nonlocal level
            level = level + 1 if level < 200 else 100
            feeder.status(1, "LEVEL_CHANGED", amount=1, current=level)
            feeder.flush()
            self.wait_processed(worker, feeder)
            return worker.verify()["superseded"] >= 2  # and the engine's offsets

        wait_for(is_compacted, "the compaction of the changelog", seconds=180)
        self.assertGreater(worker.verify()["right"], 3)
        worker.kill()
        # What is superseded can have any value.
        self.edit(worker, "characters", store_key(1), character(level=99))
        found, lines = self.differences(worker)
        self.assertEqual(found, [])
        mine = [line for line in lines if line.get("object") == f"character 1 of tenant {TENANT}"]
        self.assertEqual([(line["not_checked"], line["store"]) for line in mine],
                         [("superseded", "characters")])
        status, out, _ = self.run_verify(worker)
        self.assertEqual(status, 0)
        self.assertIn(f"character 1 of tenant {TENANT}: superseded", out)

    def test_an_open_transaction_that_holds_the_decided_end_back(self):
        worker, feeder = self.filled()
        worker.start()
        worker.wait_log("running plan", 2)
        changelog = f"{worker.application_id}-characters-changelog"
        foreign = Producer({"bootstrap.servers": BOOTSTRAP, "transactional.id": self.name})
        foreign.init_transactions()
        foreign.begin_transaction()
        foreign.produce(changelog, key=b"foreign", value=b"x", partition=0)
        self.assertEqual(foreign.flush(20), 0)
        feeder.status(3, "LEVEL_CHANGED", amount=1, current=77)
        feeder.status(4, "LOGIN", channelId=1, mapId=1)
        feeder.status(2, "LEVEL_CHANGED", amount=1, current=78)
        feeder.flush()
        # Not wait_processed, which would wait for the end of that transaction, too.
        wait_for(lambda: self.processed(worker, feeder), "the inputs to be processed")
        self.assertEqual(worker.stop(), 0)  # the checkpoint has it all
        found, lines = self.differences(worker)
        self.assertEqual(found, [])
        undecided = {line["object"] for line in lines if line.get("not_checked") == "undecided"}
        self.assertTrue(undecided >= {f"character {n} of tenant {TENANT}" for n in (2, 3, 4)})
        self.assertTrue(any("store characters: from offset" in why
                            for why in lines[-1]["verified"]["not_checked"]), lines[-1])
        foreign.abort_transaction()
        verified = worker.verify()
        self.assertEqual((verified["undecided"], verified["not_checked"]), (0, []))

    # ----------------------------------------------------------------- planted differences

    def test_each_kind_of_difference_is_named(self):
        worker, feeder = self.filled()
        self.die_behind_checkpoint(
            worker, feeder, lambda: feeder.status(3, "LEVEL_CHANGED", amount=1, current=77))
        self.assertEqual(self.differences(worker)[0], [])
        # Of the future: as the changelog has it behind the checkpoint.
        changelog = f"{worker.application_id}-characters-changelog"
        later = [record.value for record in read_topics([changelog])[changelog]
                 if record.key == store_key(3)][-1]
        of = f" of tenant {TENANT}"
        for store, key, value, kind, name in (
                ("characters", store_key(1), character(FIRST, 99), "other-value",
                 "character 1" + of),
                ("characters", store_key(2), None, "missing", "character 2" + of),
                ("characters", store_key(3), later, "future", "character 3" + of),
                ("characters", store_key(4), character(), "deleted", "character 4" + of),
                ("characters", store_key(5), character(), "ghost", "character 5" + of),
                ("parties", store_key(FIRST), party(2, 1, 2), "other-value",
                 f"party {FIRST}" + of),
                ("parties", store_key(FIRST + 1), party(9, 9), "ghost", f"party {FIRST + 1}" + of),
                ("party-sequence", uuid.UUID(TENANT).bytes, None, "missing", "the sequence" + of),
                ("characters", b"offsets", b"\1\1\0\0", "other-value", "the engine's offsets"),
                ("parties", b"strange", b"x", "ghost", "key " + b"strange".hex())):
            with self.subTest(kind=kind, object=name):
                kept = os.path.join(self.directory, "kept")
                stores = os.path.join(worker.state_dir, worker.application_id, "stores")
                subprocess.run(["cp", "-a", stores, kept], check=True)
                self.edit(worker, store, key, value)
                found, lines = self.differences(worker)
                self.assertIn((kind, name), found)
                self.assertEqual([one for one in found if one[0] not in ("rule", kind)], [])
                line = lines[found.index((kind, name))]
                self.assertEqual(line["store"], store)
                self.assertEqual("in_store" in line, kind != "missing")
                self.assertEqual("in_changelog" in line, kind not in ("deleted", "ghost"))
                status, out, _ = self.run_verify(worker)
                self.assertEqual(status, 1)
                self.assertIn(name + ": ", out)
                subprocess.run(["rm", "-r", stores], check=True)
                subprocess.run(["mv", kept, stores], check=True)
        self.assertEqual(self.differences(worker)[0], [])

    def test_each_rule_that_is_broken_in_the_checkpoint_is_named(self):
        worker, _ = self.filled()
        self.edit(worker, "parties", store_key(FIRST), party(1, 1, 3))
        self.edit(worker, "parties", store_key(FIRST + 5), party(3, 3))
        self.edit(worker, "characters", store_key(8), character(FIRST + 77))
        self.edit(worker, "parties", store_key(FIRST + 6), party(3, 1))  # cannot be decoded
        rules = {rule for kind, rule in self.differences(worker)[0] if kind == "rule"}
        of = f" of tenant {TENANT}"
        self.assertEqual({rule for rule in rules if "parties, key" not in rule}, {
            f"party {FIRST}{of} has member 3, who is not said to be in it",
            f"character 2{of} is in party {FIRST}, which does not have it",
            f"party {FIRST + 5}{of} has member 3, who is not said to be in it",
            f"party {FIRST + 5}{of} has an id that the sequence has not given out",
            f"character 8{of} is in party {FIRST + 77}, which does not have it"})
        self.assertTrue(any("led by 3, who is no member" in rule for rule in rules), rules)

    def test_rules_that_the_changelogs_break_are_named(self):
        worker, _ = self.filled()
        producer = Producer({"bootstrap.servers": BOOTSTRAP})
        producer.produce(f"{worker.application_id}-parties-changelog", key=store_key(FIRST),
                         value=party(1, 1), partition=0)
        self.assertEqual(producer.flush(20), 0)
        found, lines = self.differences(worker)
        self.assertEqual(found, [("rule", f"character 2 of tenant {TENANT} is in party {FIRST}, "
                                          "which does not have it")])
        self.assertEqual(lines[0]["where"], "end")

    # ------------------------------------------------------------- nothing to compare with

    def test_a_changelog_that_is_gone(self):
        worker, _ = self.filled()
        topic = f"{worker.application_id}-parties-changelog"
        self.admin.delete_topics([topic])[topic].result()
        wait_for(lambda: topic not in self.admin.list_topics(timeout=10).topics, "its end")
        status, out, err = self.run_verify(worker)
        self.assertEqual((status, out), (1, ""))
        self.assertIn(topic, err)

    def test_offline_contradicts_it(self):
        worker = self.worker("w")
        status, out, err = self.run_verify(worker, "--offline")
        self.assertEqual((status, out), (2, ""))
        self.assertIn("--offline", err)
        self.assertIn("--verify", err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
