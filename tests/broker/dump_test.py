#!/usr/bin/python3
"""state-dump: its lines, and that it changes nothing of what it looks at."""

import contextlib
import glob
import hashlib
import json
import os
import pty
import shutil
import struct
import subprocess
import sys
import unittest
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from confluent_kafka import Producer  # noqa: E402
from confluent_kafka.admin import NewTopic  # noqa: E402

from harness import (BOOTSTRAP, BUILD, DUMP, KafkaTest, Feeder, TENANT, ends_of,  # noqa: E402
                     read_topics, wait_for)

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


EDIT = os.path.join(BUILD, "tests", "edit_store")


def store_key(number):
    return uuid.UUID(TENANT).bytes + struct.pack(">I", number)


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

    def edit(self, worker, store, key, value):
        subprocess.run([EDIT, self.stores(worker), store, key.hex(), value.hex()], check=True,
                       timeout=60)

    def assert_lines(self, text, expected=None):
        # Escapes of what is not ASCII are open.
        lines = [json.dumps(json.loads(line), separators=(",", ":")) for line in text.splitlines()]
        self.assertEqual(lines, EXPECTED if expected is None else expected)

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
  1000000000           2  2 (N "2"\\x1b[1mé), 1 (N1)

party-sequence of tenant {TENANT}
  next party id
  1000000001
''')

    def test_what_came_after_the_checkpoint(self):
        worker, feeder = self.filled()
        self.assertEqual(worker.stop(), 0)
        self.die_behind_checkpoint(
            worker, feeder, lambda: feeder.status(1, "LOGOUT", channelId=1, mapId=1))
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
        status, out, err = self.dump(worker, "--format=json")
        self.assertEqual(status, 0)
        self.assert_lines(out)
        for named in (self.stores(worker), "no store", "from the changelogs alone"):
            self.assertIn(named, err)
        # Offline there is nothing to show, which is not the same as an empty store.
        self.assert_refused(worker, "--offline", names=[self.stores(worker), "no store",
                                                        "--from_changelog"])
        status, out, _ = self.dump(worker, "--verify", "--format=json")
        self.assertEqual(status, 0)
        self.assertIn("the stores: there is no store in", out)
        shutil.rmtree(os.path.dirname(self.stores(worker)))
        self.assert_refused(worker, "--offline", "--diff=changelog",
                            names=[self.stores(worker), "no store"])
        os.mkdir(os.path.dirname(self.stores(worker)))
        self.assertEqual(sorted(before), sorted([*fingerprint(worker.state_dir)]))

    # ---------------------------------------------------------------------- other sources

    def test_the_changelogs_alone(self):
        worker, _ = self.filled()
        self.assertEqual(worker.stop(), 0)
        nowhere = os.path.join(self.directory, "nowhere")
        status, out, err = self.dump(worker, "--format=json", "--from_changelog",
                                     state_dir=nowhere)
        self.assertEqual((status, err), (0, ""))
        self.assert_lines(out)
        self.assertFalse(os.path.exists(nowhere))

    def test_a_past(self):
        worker, feeder = self.filled()
        logs = [f"{worker.application_id}-{store}-changelog"
                for store in ("characters", "parties", "party-sequence")]
        ends = ends_of(logs)
        then = ",".join(f"{log.split('-', 2)[2][:-len('-changelog')]}={end}"
                        for log, end in ends.items())
        last = max(read_topics(logs)[log][-1].timestamp for log in logs)
        feeder.status(1, "LOGOUT", channelId=1, mapId=1)
        feeder.status(7, "LOGIN", channelId=1, mapId=1)
        feeder.flush()
        self.wait_processed(worker, feeder)
        self.assertGreater(min(r.timestamp for r in read_topics(logs)[logs[0]][-2:]), last)
        for at in (then, str(last)):
            status, out, err = self.dump(worker, "--format=json", "--from_changelog", "--at", at)
            self.assertEqual(status, 0, err)
            self.assert_lines(out)
            self.assertIn(" 1 objects have later records alone", err)
            self.assertIn("--changelog_history", err)
        # What has changed since, by name.
        status, out, _ = self.dump(worker, "--format=json", "--from_changelog", "--at", then,
                                   "--diff=changelog")
        self.assertEqual(status, 1)
        found = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([(one["diff"], one["object"]) for one in found[:-1]],
                         [("changed", f"character 1 of tenant {TENANT}"),
                          ("only-in-second", f"character 7 of tenant {TENANT}")])
        self.assertEqual(found[-1]["compared"]["differ"], 2)
        status, out, _ = self.dump(worker, "--diff", "changelog@" + then)
        self.assertEqual(status, 1)
        self.assertIn(f"character 7 of tenant {TENANT}\n- {{", out)
        status, out, err = self.dump(worker, "--from_changelog", "--at=characters=99999")
        self.assertEqual((status, out), (1, ""))
        self.assertIn(logs[0], err)

    def test_a_history_is_kept_and_makes_the_past_exact(self):
        worker, feeder = self.filled(changelog_history="1h")
        logs = [f"{worker.application_id}-{store}-changelog"
                for store in ("characters", "parties", "party-sequence")]
        log = logs[0]
        last = max(records[-1].timestamp for records in read_topics(logs).values())
        feeder.status(7, "LOGIN", channelId=1, mapId=1)
        feeder.flush()
        self.wait_processed(worker, feeder)
        status, out, err = self.dump(worker, "--format=json", "--from_changelog", "--at", str(last))
        self.assertEqual(status, 0, err)
        self.assert_lines(out)
        self.assertIn("exact", err)
        self.assertEqual(worker.stop(), 0)
        worker.settings["changelog_history"] = "2h"
        worker.start()
        self.assertEqual(worker.wait_exit(), 1)
        for text in ("--changelog_history", "7200000", "keeps a history of 1h"):
            self.assertIn(text, worker.log())
        del worker.settings["changelog_history"]

    def test_two_directories(self):
        worker, feeder = self.filled()
        self.assertEqual(worker.stop(), 0)
        copy = os.path.join(self.directory, "copy")
        shutil.copytree(worker.state_dir, copy)
        status, out, err = self.dump(worker, "--offline", "--diff", copy)
        self.assertEqual(status, 0, err)
        self.assertIn("6 objects are equal, 0 differ", out)
        worker.start()
        worker.wait_log("running plan", 2)
        feeder.status(2, "DELETED")
        feeder.flush()
        self.wait_processed(worker, feeder)
        self.assertEqual(worker.stop(), 0)
        status, out, _ = self.dump(worker, "--offline", "--format=json", "--diff", copy)
        self.assertEqual(status, 1)
        self.assertEqual([(one.get("diff"), one.get("object"))
                          for one in map(json.loads, out.splitlines()[:-1])],
                         [("changed", f"character 1 of tenant {TENANT}"),
                          ("only-in-second", f"character 2 of tenant {TENANT}"),
                          ("only-in-second", f"party 1000000000 of tenant {TENANT}")])
        # Both brought up to date are equal.
        status, out, err = self.dump(worker, "--diff", copy)
        self.assertEqual(status, 0, err)
        status, _, err = self.dump(worker, "--diff", "no-such-directory")
        self.assertEqual(status, 1)
        self.assertIn("no-such-directory", err)

    # ------------------------------------------------------------------------- what of it

    def test_a_part_of_the_objects(self):
        worker, _ = self.filled()
        self.assertEqual(worker.stop(), 0)

        def lines(*flags):
            status, out, err = self.dump(worker, "--format=json", *flags)
            self.assertEqual((status, err), (0, ""))
            return [json.dumps(json.loads(line), separators=(",", ":"))
                    for line in out.splitlines()]

        self.assertEqual(lines("--store=parties"), EXPECTED[4:5])
        self.assertEqual(lines("--tenant", OTHER_TENANT), EXPECTED[3:4])
        self.assertEqual(lines("--id=1"), [EXPECTED[0], EXPECTED[3]])
        self.assertEqual(lines("--party=1000000000"), [EXPECTED[4], EXPECTED[0], EXPECTED[1]])
        self.assertEqual(lines("--character=2"), [EXPECTED[1], EXPECTED[4]])
        self.assertEqual(lines("--character=1", "--tenant", TENANT), [EXPECTED[0], EXPECTED[4]])
        for flags, names in (
                (["--id=5"], ["no object of id 5"]),
                (["--id=1", "--store=parties"], ["no object of id 1", "in store parties"]),
                (["--tenant", NIL], ["no object of tenant " + NIL]),
                (["--tenant", OTHER_TENANT, "--id=2"], ["of id 2 of tenant"])):
            with self.subTest(flags=flags):
                self.assert_refused(worker, "--format=json", *flags, names=names)
                status, out, err = self.dump(worker, "--diff=changelog", *flags)
                self.assertEqual(status, 1)
                self.assertIn("0 objects are equal, 0 differ", out)
                self.assertIn(names[0], err)
        self.assert_refused(worker, "--format=json", "--stats", "--tenant", NIL,
                            names=["no object of tenant " + NIL])
        self.assertEqual(lines("--store=parties", "--tenant", TENANT), EXPECTED[4:5])
        self.assert_refused(worker, "--party=5", names=["no party 5"])
        self.assert_refused(worker, "--character=2", "--tenant", OTHER_TENANT,
                            names=["no character 2", OTHER_TENANT.lower()])

    def test_stats(self):
        worker, _ = self.filled()
        self.assertEqual(worker.stop(), 0)
        status, out, err = self.dump(worker, "--stats", "--format=json")
        self.assertEqual((status, err), (0, ""))
        found = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([(one["store"], one["tenant"], one["objects"], one["key_bytes"])
                          for one in found],
                         [("characters", TENANT, 3, 60),
                          ("characters", OTHER_TENANT.lower(), 1, 20),
                          ("parties", TENANT, 1, 20), ("party-sequence", TENANT, 1, 16)])
        self.assertEqual((found[0]["online"], found[0]["in_party"]), (1, 2))
        self.assertEqual(found[2]["by_members"], [0, 1, 0, 0, 0, 0])
        self.assertEqual(found[2]["value_bytes"], 15)  # docs/state-format.md
        _, out, _ = self.dump(worker, "--stats")
        self.assertIn("all 2 tenants", out)

    def test_positions(self):
        worker, feeder = self.filled()
        self.assertEqual(worker.stop(), 0)
        self.die_behind_checkpoint(
            worker, feeder, lambda: feeder.status(1, "LOGOUT", channelId=1, mapId=1))
        feeder.status(1, "LOGIN", channelId=1, mapId=1)
        feeder.flush()
        status, out, err = self.dump(worker, "--positions", "--format=json")
        self.assertEqual((status, err), (0, ""))
        head, *lines = [json.loads(line) for line in out.splitlines()]
        self.assertTrue(head["consistent"])
        stores = {one["store"]: one for one in lines if "store" in one}
        self.assertEqual(sorted(stores), ["characters", "parties", "party-sequence"])
        for store, one in stores.items():
            log = f"{worker.application_id}-{store}-changelog"
            self.assertEqual(one["log_end"], ends_of([log])[log])
            self.assertEqual(one["behind"], one["log_end"] - one["checkpoint"])
        self.assertGreater(stores["characters"]["behind"], 0)
        status_line = next(one for one in lines if one.get("input") == f"{self.inputs['status']}-0")
        count = feeder.count["status"]
        self.assertEqual((status_line["checkpoint"], status_line["changelog"],
                          status_line["group"], status_line["end"], status_line["lag"]),
                         (count - 2, count - 1, count - 1, count, 1))
        status, out, _ = self.dump(worker, "--positions", "--offline", "--format=json",
                                   bootstrap_servers="127.0.0.1:1")
        self.assertEqual(status, 0)
        self.assertNotIn("log_end", out)
        _, out, _ = self.dump(worker, "--positions")
        self.assertIn("at the end of a transaction", out)

    # ------------------------------------------------------------------------ how it looks

    def on_a_terminal(self, worker, *flags, **more):
        """What it writes to a terminal."""
        leader, follower = pty.openpty()
        done = subprocess.run([DUMP, *flags], env=worker.environment(TERM="xterm", **more),
                              check=True, timeout=60, stdout=follower)
        os.close(follower)
        out = b""
        while True:
            try:
                out += os.read(leader, 65536)
            except OSError:  # all of it
                break
        os.close(leader)
        self.assertEqual(done.returncode, 0)
        return out

    def test_colours_on_a_terminal_alone(self):
        worker, _ = self.filled()
        self.assertEqual(worker.stop(), 0)
        self.assertIn(b"\x1b[32monline", self.on_a_terminal(worker, "--offline"))
        self.assertNotIn(b"\x1b", self.on_a_terminal(worker, "--offline", NO_COLOR="1"))
        self.assertNotIn(b"\x1b", self.on_a_terminal(worker, "--offline", "--color=never"))
        self.assertNotIn(b"\x1b", self.on_a_terminal(worker, "--offline", "--format=json"))
        _, out, _ = self.dump(worker, "--offline", "--color=always", no_color="1")
        self.assertIn("\x1b[1m", out)

    def test_a_directory_that_cannot_be_written(self):
        worker, _ = self.filled()
        self.assertEqual(worker.stop(), 0)
        for folder, _, files in os.walk(self.directory):
            os.chmod(folder, 0o555)
            for name in files:
                os.chmod(os.path.join(folder, name), 0o444)
        before = fingerprint(worker.state_dir)
        nobody = {"user": 65534, "group": 65534} if os.geteuid() == 0 else {}
        for flags in ((), ("--offline",), ("--verify",), ("--stats",), ("--positions",),
                      ("--diff=changelog",)):
            done = subprocess.run([DUMP, *flags], env=worker.environment(), check=False,
                                  timeout=60, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  **nobody)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(before, fingerprint(worker.state_dir))
        for folder, _, _ in os.walk(self.directory):
            os.chmod(folder, 0o755)

    # ------------------------------------------------------------------- what is not right

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

    def test_one_damaged_store_does_not_hide_the_others(self):
        worker, _ = self.filled()
        self.assertEqual(worker.stop(), 0)
        self.edit(worker, "characters", store_key(2), b"\1\1\x01")       # cut short
        self.edit(worker, "parties", store_key(1000000000), b"\x63\x63")  # of a newer format
        status, out, err = self.dump(worker, "--format=json", "--offline")
        self.assertEqual(status, 1)
        self.assertEqual(out.splitlines(), [EXPECTED[0], *EXPECTED[2:4], EXPECTED[5]])
        for named in (f"character 2 of tenant {TENANT}", "presence bits",
                      f"party 1000000000 of tenant {TENANT}", "newer"):
            self.assertIn(named, err)
        # One block of the characters: its checksum tells.
        folder = self.stores(worker)
        for path in glob.glob(os.path.join(folder, "*.sst")):
            with open(path, "r+b") as file:
                if b"offsets" in file.read():
                    file.seek(2)
                    file.write(b"\xde\xad")
        status, out, err = self.dump(worker, "--format=json", "--offline")
        self.assertEqual((status, out.splitlines()), (1, [EXPECTED[5]]))
        for named in ("store characters", "checksum", folder):
            self.assertIn(named, err)

    def test_one_damaged_block_hides_its_keys_alone(self):
        worker = self.worker("w").start()
        worker.wait_log("running plan")
        feeder = Feeder(self.inputs)
        for character in range(1, 2001):
            feeder.status(character, "LOGIN", channelId=1, mapId=character * 7919)
        feeder.flush()
        self.wait_processed(worker, feeder)
        self.assertEqual(worker.stop(), 0)
        _, whole, _ = self.dump(worker, "--format=json", "--offline")
        largest = max(glob.glob(os.path.join(self.stores(worker), "*.sst")), key=os.path.getsize)
        with open(largest, "r+b") as file:
            for part in (3, 2):  # in two places
                file.seek(os.path.getsize(largest) // part)
                file.write(b"\xde\xad")
        status, out, err = self.dump(worker, "--format=json", "--offline")
        self.assertEqual(status, 1)
        self.assertIn("checksum", err)
        self.assertEqual(len(whole.splitlines()), 2000)
        there = out.splitlines()
        self.assertGreater(len(there), 1500)
        self.assertLess(len(there), 2000)
        lost = set(whole.splitlines()) - set(there)
        self.assertEqual([line for line in whole.splitlines() if line not in lost], there)

    @contextlib.contextmanager
    def damaged(self, worker, pattern, damage):
        """Lets each file of the pattern be damaged; mends them at the end."""
        stores = self.stores(worker)
        kept = os.path.join(self.directory, "kept")
        shutil.copytree(stores, kept)
        for path in glob.glob(os.path.join(stores, pattern)):
            damage(path)
        before = fingerprint(worker.state_dir)
        try:
            yield
            self.assertEqual(before, fingerprint(worker.state_dir))
        finally:
            shutil.rmtree(stores)
            os.rename(kept, stores)

    def test_damaged_files(self):
        worker, _ = self.filled()
        self.assertEqual(worker.stop(), 0)
        stores = self.stores(worker)

        def noise(path):
            with open(path, "r+b") as file:
                file.write(b"\xde\xad" * (os.path.getsize(path) // 2))

        def of_characters(path):
            with open(path, "rb") as file:
                return b"offsets" in file.read()

        characters, = (os.path.basename(path) for path in glob.glob(os.path.join(stores, "*.sst"))
                       if of_characters(path))
        manifest, = (os.path.basename(path)
                     for path in glob.glob(os.path.join(stores, "MANIFEST-*")))
        for file, damage, offline in (("CURRENT", noise, EXPECTED), ("CURRENT", os.remove, EXPECTED),
                                      (characters, noise, EXPECTED[4:]),
                                      (characters, os.remove, EXPECTED[4:]),
                                      (manifest, noise, []), (manifest, os.remove, [])):
            with self.subTest(file=file, damage=damage.__name__):
                named = stores if file == manifest and damage is os.remove \
                    else os.path.join(stores, file)
                with self.damaged(worker, file, damage):
                    # All of it is in the changelogs.
                    status, out, err = self.dump(worker, "--format=json")
                    self.assertEqual(status, 1, err)
                    self.assert_lines(out)
                    self.assertIn(named, err)
                    # And what the other files hold, without them.
                    status, out, err = self.dump(worker, "--format=json", "--offline")
                    self.assertEqual(status, 1, err)
                    self.assert_lines(out, offline)
                    self.assertIn(named, err)
                    self.assertNotIn("none has been made yet", err)
                    self.assertEqual(self.dump(worker, "--positions")[0], 1)
                    status, out, err = self.dump(worker, "--verify", "--format=json")
                    self.assertEqual(status, 1, err)
                    self.assertIn("what was in the files that cannot be read", out)
                    self.assertEqual(out.count('"difference":"missing"'),
                                     6 if file == characters else 0, out)

        status, out, err = self.dump(worker, "--format=json")
        self.assertEqual((status, err), (0, ""))
        self.assert_lines(out)
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
            self.assertEqual(dump.wait(60), 0)
        self.assertEqual(worker.stop(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
