#!/usr/bin/python3
"""state-dump: its lines, and that it changes nothing of what it looks at."""

import glob
import hashlib
import json
import os
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from confluent_kafka import Producer  # noqa: E402
from confluent_kafka.admin import NewTopic  # noqa: E402

from harness import BOOTSTRAP, DUMP, KafkaTest, Feeder, TENANT, wait_for  # noqa: E402

OTHER_TENANT = "F0000000-0000-4000-8000-00000000000F"
INSTANCE = "11111111-2222-4333-8444-555555555555"
NIL = "00000000-0000-0000-0000-000000000000"

# As docs and the format's page give it: everything known, and what is not known absent.
EXPECTED = [
    f'{{"store":"characters","tenant":"{TENANT}","id":1,"value":{{"name":"N1","level":31,'
    f'"jobId":100,"gm":false,"worldId":0,"channelId":1,"mapId":100000000,"instance":"{NIL}",'
    f'"online":true,"partyId":1000000000}}}}',
    f'{{"store":"characters","tenant":"{TENANT}","id":2,"value":{{'
    f'"name":"N \\"2\\"\\u001b[1m\\u00e9","worldId":3,"channelId":4,"mapId":5,'
    f'"instance":"{INSTANCE}","online":false,"partyId":1000000000}}}}',
    f'{{"store":"characters","tenant":"{TENANT}","id":4294967295,"value":{{"level":200,'
    f'"worldId":255,"online":false}}}}',
    f'{{"store":"characters","tenant":"{OTHER_TENANT.lower()}","id":1,"value":{{"gm":true,'
    f'"worldId":0,"online":false}}}}',
    f'{{"store":"parties","tenant":"{TENANT}","id":1000000000,"value":{{"leaderId":2,'
    f'"members":[2,1]}}}}',
    f'{{"store":"party-sequence","tenant":"{TENANT}","value":{{"nextId":1000000001}}}}',
]


def fingerprint(directory):
    """Each file's content and each entry's times."""
    found = {}
    for folder, _, files in os.walk(directory):
        found[folder] = os.stat(folder).st_mtime_ns
        for name in files:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                found[path] = (hashlib.sha256(file.read()).hexdigest(), os.stat(path).st_mtime_ns)
    return found


class DumpTest(KafkaTest):
    maxDiff = None

    def filled(self, **settings):
        """A running worker with the state of EXPECTED."""
        # No checkpoint comes in between.
        settings = {"checkpoint_interval_ms": 3_600_000, **settings}
        worker = self.worker("w", **settings).start()
        worker.wait_log("running plan")
        feeder = Feeder(self.inputs)
        feeder.status(1, "CREATED", name="N1")
        feeder.status(1, "GM_CHANGED", oldGm=True, newGm=False)
        feeder.status(1, "JOB_CHANGED", jobId=100)
        feeder.status(1, "LEVEL_CHANGED", current=31, amount=1)
        feeder.status(1, "LOGIN", channelId=1, mapId=100000000)
        feeder.status(2, "CREATED", name='N "2"\x1b[1mé', world=3)
        feeder.status(2, "LOGIN", channelId=4, mapId=5, instance=INSTANCE.upper(), world=3)
        feeder.status(2, "LOGOUT", channelId=4, mapId=5, world=3)
        feeder.status(4294967295, "LEVEL_CHANGED", current=200, amount=1, world=255)
        feeder.send("status", 1, {"worldId": 0, "characterId": 1, "type": "GM_CHANGED",
                                  "body": {"oldGm": False, "newGm": True}}, tenant=OTHER_TENANT)
        feeder.flush()
        self.wait_processed(worker, feeder)  # else a command may come before its character
        feeder.command(2, "CREATE")
        feeder.command(1, "JOIN", partyId=1000000000)
        feeder.flush()
        self.wait_processed(worker, feeder)
        return worker, feeder

    def dump(self, worker, *flags, **more):
        done = subprocess.run([DUMP, *flags], env=worker.environment(**more), check=False,
                              timeout=60, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def stores(self, worker):
        return os.path.join(worker.state_dir, worker.application_id, "stores", "0")

    def assert_lines(self, text):
        # Escapes of what is not ASCII are open.
        lines = [json.dumps(json.loads(line), separators=(",", ":")) for line in text.splitlines()]
        self.assertEqual(lines, EXPECTED)

    def assert_refused(self, worker, *flags, names, **more):
        status, out, err = self.dump(worker, *flags, **more)
        self.assertEqual((status, out), (1, ""), err)
        self.assertEqual(err.count("state-dump: "), 1, err)
        for name in names:
            self.assertIn(name, err)

    def test_beside_a_running_worker_and_after_it(self):
        worker, feeder = self.filled()
        before = fingerprint(worker.state_dir)
        status, out, err = self.dump(worker, "--format=json")
        self.assertEqual((status, err), (0, ""))
        self.assert_lines(out)
        # Nothing is on disk yet.
        status, nothing, err = self.dump(worker, "--format=json", "--offline")
        self.assertEqual((status, nothing), (0, ""))
        self.assertIn("offline", err)
        self.assertIn("none has been made yet", err)
        self.assertEqual(before, fingerprint(worker.state_dir))
        # The worker has not noticed.
        feeder.status(1, "LOGOUT", channelId=1, mapId=1)
        feeder.status(1, "LOGIN", channelId=1, mapId=100000000)
        feeder.flush()
        self.wait_processed(worker, feeder)
        self.assertEqual(worker.stop(), 0)

        before = fingerprint(worker.state_dir)
        status, out, err = self.dump(worker, "--format=json")
        self.assertEqual((status, err), (0, ""))
        self.assert_lines(out)
        status, offline, err = self.dump(worker, "--format=json", "--offline")
        self.assertEqual((status, offline), (0, out))
        self.assertEqual(err.count("\n"), 1)
        self.assertIn("offline: the local checkpoint alone", err)
        self.assert_table(worker)
        self.assertEqual(before, fingerprint(worker.state_dir))

    def assert_table(self, worker):
        status, out, err = self.dump(worker)
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(out, f'''
characters of tenant {TENANT}
          id  name             level   job gm  world chan        map               party  instance
           1  N1                  31   100 no      0    1  100000000  online  1000000000  -
           2  N "2"\\x1b[1mé        -     - -       3    4          5  offline 1000000000  {INSTANCE}
  4294967295  -                  200     - -     255    -          -  offline          -  -

characters of tenant {OTHER_TENANT.lower()}
          id  name             level   job gm  world chan        map               party  instance
           1  -                    -     - yes     0    -          -  offline          -  -

parties of tenant {TENANT}
          id      leader  members
  1000000000           2  2, 1

party-sequence of tenant {TENANT}
  next party id
  1000000001
''')

    def test_what_came_after_the_checkpoint(self):
        worker, feeder = self.filled()
        self.assertEqual(worker.stop(), 0)
        worker.start()
        worker.wait_log("running plan", 2)
        feeder.status(1, "LOGOUT", channelId=1, mapId=1)
        feeder.flush()
        self.wait_processed(worker, feeder)
        worker.kill()
        _, online, _ = self.dump(worker, "--format=json")
        _, offline, err = self.dump(worker, "--format=json", "--offline")
        self.assert_lines(offline)
        self.assertIn("without what came after it", err)
        self.assertIn('"online":false', online.splitlines()[0])
        self.assertEqual(online.splitlines()[1:], offline.splitlines()[1:])

    def test_a_lost_store_is_shown_from_the_changelogs(self):
        worker, _ = self.filled()
        self.assertEqual(worker.stop(), 0)
        shutil.rmtree(self.stores(worker))
        before = fingerprint(worker.state_dir)
        status, out, _ = self.dump(worker, "--format=json")
        self.assertEqual(status, 0)
        self.assert_lines(out)
        self.assertEqual(before, fingerprint(worker.state_dir))

    def test_directories_that_are_not_its(self):
        worker, _ = self.filled()
        self.assertEqual(worker.stop(), 0)
        nowhere = os.path.join(self.directory, "nowhere")
        self.assert_refused(worker, names=[nowhere, "STATE_DIR", "APPLICATION_ID"],
                            state_dir=nowhere)
        self.assertFalse(os.path.exists(nowhere))
        self.assert_refused(worker, f"--state_dir={nowhere}", names=[nowhere])
        own = os.path.join(worker.state_dir, worker.application_id)
        foreign = os.path.join(worker.state_dir, "foreign")
        os.rename(own, foreign)
        self.assert_refused(worker, names=[f"{foreign}/instance", worker.application_id, "foreign"],
                            application_id="foreign")

    def test_a_broker_that_is_gone(self):
        worker, _ = self.filled()
        self.assertEqual(worker.stop(), 0)
        # A port where nothing listens.
        self.assert_refused(worker, names=["127.0.0.1:1", "--offline"],
                            bootstrap_servers="127.0.0.1:1")
        status, out, _ = self.dump(worker, "--offline", "--format=json",
                                   bootstrap_servers="127.0.0.1:1")
        self.assertEqual(status, 0)
        self.assert_lines(out)

    def test_changelogs_that_are_gone(self):
        worker, _ = self.filled()
        self.assertEqual(worker.stop(), 0)
        topic = f"{worker.application_id}-parties-changelog"
        self.admin.delete_topics([topic])[topic].result()
        wait_for(lambda: topic not in self.admin.list_topics(timeout=10).topics, "its end")
        self.assert_refused(worker, names=[topic, "--offline"])
        self.assertNotIn(topic, self.admin.list_topics(timeout=10).topics)

    def test_a_changelog_made_anew_is_not_mixed_with_the_old_state(self):
        worker, _ = self.filled()
        self.assertEqual(worker.stop(), 0)
        topic = f"{worker.application_id}-characters-changelog"
        self.admin.delete_topics([topic])[topic].result()
        wait_for(lambda: topic not in self.admin.list_topics(timeout=10).topics, "its end")
        self.admin.create_topics([NewTopic(topic, 1, 1, config={"cleanup.policy": "compact"})]
                                 )[topic].result()
        # Longer than what was read of the old one.
        producer = Producer({"bootstrap.servers": BOOTSTRAP})
        for i in range(1000):
            producer.produce(topic, key=f"a key of 16 bytes or more {i}", value=b"x")
        self.assertEqual(producer.flush(20), 0)
        self.assert_refused(worker, names=[topic, "not the log that this state comes from",
                                           "--offline"])

    def test_a_full_disk_is_told(self):
        worker, _ = self.filled()
        self.assertEqual(worker.stop(), 0)
        with open("/dev/full", "wb") as full:
            done = subprocess.run([DUMP, "--offline"], env=worker.environment(), stdout=full,
                                  stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"cannot write", done.stderr)

    def test_damaged_files(self):
        worker, _ = self.filled()
        self.assertEqual(worker.stop(), 0)
        stores = self.stores(worker)
        kept = os.path.join(self.directory, "kept")
        shutil.copytree(stores, kept)
        for pattern in ("CURRENT", "MANIFEST-*", "*.sst"):
            for path in glob.glob(os.path.join(stores, pattern)):
                size = os.path.getsize(path)
                with open(path, "r+b") as file:
                    file.write(b"\xde\xad" * (size // 2))
            with self.subTest(damaged=pattern):
                status, _, err = self.dump(worker, "--format=json")
                self.assertEqual(status, 1, err)
                self.assertIn(stores, err)
            shutil.rmtree(stores)
            shutil.copytree(kept, stores)
        instance = os.path.join(worker.state_dir, worker.application_id, "instance")
        with open(instance, "w", encoding="utf-8") as file:
            file.write("format=7\n")
        self.assert_refused(worker, names=[instance, 'format "7"'])

    def test_a_reader_that_has_seen_enough(self):
        worker = self.worker("w").start()
        worker.wait_log("running plan")
        feeder = Feeder(self.inputs)
        for character in range(1, 3000):
            feeder.status(character, "LOGIN", channelId=1, mapId=100000000)
        feeder.flush()
        self.wait_processed(worker, feeder)
        with subprocess.Popen([DUMP, "--format=json"], env=worker.environment(),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as dump:
            self.assertIn(b'"id":1,', dump.stdout.readline())
            dump.stdout.close()
            self.assertEqual(dump.stderr.read(), b"")
            self.assertIn(dump.wait(60), (0, -13))  # as `yes | head` does
        self.assertEqual(worker.stop(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
