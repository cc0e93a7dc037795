#!/usr/bin/python3
"""What an operator meets: help, wrong settings, waiting, stopping in every phase, and the
restore's progress."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from confluent_kafka import Producer
from confluent_kafka.admin import NewTopic

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

import harness  # noqa: E402
from harness import (BOOTSTRAP, BUILD, DUMP, Feeder, KafkaTest, STATUS,  # noqa: E402
                     VARIABLES, WORKER, ends_of, headers, key, wait_committed_more,
                     wait_for)
from crash import CRASHING_WORKER  # noqa: E402
from own_broker import Broker  # noqa: E402
from prometheus import get  # noqa: E402
from traffic import Traffic  # noqa: E402

ROOT = os.path.join(os.path.dirname(__file__), "..", "..")
# The specification says 5; a loaded machine may take longer. What it would wait for else, the
# broker, is waited for without end.
STOP_SECONDS = 30
OWN = [*VARIABLES.values(), "BOOTSTRAP_SERVERS", "APPLICATION_ID", "STATE_DIR", "LOG_LEVEL"]


def run(program, *flags, **environment):
    """A program that ends by itself: status, standard output, standard error."""
    clean = {k: v for k, v in os.environ.items() if k not in OWN}
    with tempfile.TemporaryDirectory() as elsewhere:
        done = subprocess.run([program, *flags], env={**clean, **environment}, check=False,
                              timeout=60, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              cwd=elsewhere)
        assert os.listdir(elsewhere) == [], "it made something where it was started"
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class HelpTest(unittest.TestCase):
    def flags_of(self, source):
        with open(os.path.join(ROOT, "tools", source), encoding="utf-8") as file:
            return set(re.findall(r"ABSL_FLAG\(\s*[\w:]+,\s*(\w+)", file.read()))

    def assert_help(self, program, own):
        for flag in ("--help", "-h"):
            status, out, err = run(program, flag)
            self.assertEqual((status, err), (0, ""))
            alone = set(re.findall(r"^  --(\w+)\n      \S.*\n      default: \S.*$", out, re.M))
            self.assertEqual(alone, self.flags_of(own))
            shown = dict(re.findall(r"^  --(\w+)   ([A-Z_]+)\n      \S.*\n      default: \S.*$",
                                    out, re.M))
            self.assertEqual(set(shown), self.flags_of("settings.cc"))
            for name, variable in shown.items():
                self.assertEqual(variable, name.upper())
            self.assertTrue(out.startswith(os.path.basename(program) + ": "))

    def test_help_is_complete(self):
        for program, source in (("party-worker", "worker.cc"), ("state-dump", "dump/options.cc"),
                                ("describe-topology", "describe_topology.cc"),
                                ("reset", "reset.cc"), ("replay", "replay.cc"),
                                ("import", "import.cc")):
            self.assert_help(os.path.join(BUILD, "tools", program), source)

    def test_a_variable_is_no_word_of_the_operator(self):
        """EXECUTE, CHECK, DIFF and the like mean other things in many shells."""
        status, out, _ = run(os.path.join(BUILD, "tools", "describe-topology"), FORMAT="dot")
        self.assertEqual(status, 0)
        self.assertTrue(out.startswith("Topologies:"))

    def test_version(self):
        status, out, err = run(WORKER, "--version")
        self.assertEqual((status, err), (0, ""))
        self.assertRegex(out, r"^party-worker \S+, librdkafka \d\S+, RocksDB \d\S+\n$")

    def test_help_whatever_else_is_set(self):
        self.assertEqual(run(WORKER, "--help"),
                         run(WORKER, "--commit_interval_ms=soon", "--help", STATE_DIR="/nowhere",
                             ON_STOP="go"))


class WrongSettingsTest(unittest.TestCase):
    def assert_wrong(self, names, *flags, programs=(WORKER, DUMP), **environment):
        for program in programs:
            status, out, err = run(program, *flags, **environment)
            with self.subTest(program=os.path.basename(program), flags=flags, env=environment):
                self.assertEqual((status, out), (2, ""), err)
                self.assertEqual(err.count("\n"), 1, err)
                self.assertTrue(err.startswith(os.path.basename(program) + ": "), err)
                for name in names:
                    self.assertIn(name, err)

    def test_flags(self):
        self.assert_wrong(["--no_such_flag", "--help"], "--no_such_flag=1")
        self.assert_wrong(["--flagfile", "--help"], "--flagfile=x")
        self.assert_wrong(['"stray"', "--"], "stray")
        self.assert_wrong(['"-x"'], "-x")
        self.assert_wrong(['"--"'], "--")
        self.assert_wrong(["--state_dir", "value"], "--state_dir")
        self.assert_wrong(["--offline", "--help"], "--offline", programs=[WORKER])

    def test_flags_of_state_dump(self):
        for flag, names in (("--format=xml", ["table", "json"]),
                            ("--color=red", ["auto", "always", "never"]),
                            ("--store=guilds", ["characters", "parties", "party-sequence"]),
                            ("--tenant=1", ["UUID"]), ("--id=-1", ["4294967295"]),
                            ("--party=x", ["4294967295"]),
                            ("--character=4294967296", ["4294967295"]),
                            ("--at=yesterday", ["--from_changelog"])):
            self.assert_wrong([flag.split("=")[0], *names], flag, programs=[DUMP])
        self.assert_wrong(["--at", "yesterday", "store=offset"], "--from_changelog",
                          "--at=yesterday", programs=[DUMP])

    def test_flags_of_state_dump_that_contradict_each_other(self):
        for flags in (["--offline", "--from_changelog"], ["--offline", "--verify"],
                      ["--from_changelog", "--verify"],
                      ["--stats", "--positions"], ["--verify", "--diff=changelog"],
                      ["--party=1", "--character=1"], ["--party=1", "--store=parties"],
                      ["--positions", "--tenant=083839c6-c47c-42a6-9585-76492795d123"],
                      ["--stats", "--id=1"], ["--verify", "--id=1"],
                      ["--store=party-sequence", "--id=1"]):
            names = [flag.split("=")[0] for flag in flags]
            self.assert_wrong(names, *flags, programs=[DUMP])
        self.assert_wrong(["--positions", "--at"], "--positions", "--from_changelog", "--at=1",
                          programs=[DUMP])

    def test_what_state_dump_is_to_do_is_no_variable(self):
        """Which may mean something else in somebody's environment."""
        status, out, _ = run(DUMP, "--help", DIFF="vimdiff", COLOR="1", ID="x")
        self.assertEqual(status, 0)
        self.assertIn("--diff\n", out)
        status, _, err = run(DUMP, "--offline", DIFF="vimdiff", COLOR="1", ID="x")
        self.assertEqual(status, 1, err)
        self.assertIn("there is no state directory", err)

    def test_values(self):
        for flag, value, names in (
                ("commit_interval_ms", "0", ["1 to 60000"]),
                ("commit_interval_ms", "soon", ["soon"]),
                ("commit_floor_ms", "-1", ["0 to 60000"]),
                ("session_timeout_ms", "5999", ["6000 to 1800000"]),
                ("state_partitions", "-1", ["0 to 10000"]),
                ("replication_factor", "0", ["-1 and 1 to 100"]),
                ("replication_factor", "-2", ["-1", "100"]),
                ("cache_bytes", "1", ["1000000 to"]),
                ("checkpoint_keys", "0", ["1 to"]),
                ("checkpoint_records", "0", ["1 to"]),
                ("checkpoint_interval_ms", "0", ["1 to"]),
                ("create_topics", "perhaps", ["perhaps", "true"]),
                ("changelog_history", "-1h", ["-1h", "8760h"]),
                ("changelog_history", "soon", ["soon"]),
                ("output_guarantee", "none", ["exactly_once, at_least_once"]),
                ("on_stop", "go", ["stay, leave"]),
                ("http_address", "9464", ["9464", "host:port"]),
                ("http_address", "localhost:99999", ["localhost:99999", "host:port"]),
                ("log_level", "loud", ["debug, info, warning, error"]),
                ("application_id", "a/b", ["letters"]),
                ("application_id", "..", ["letters"]),
                ("command_topic_party", "with space", ["letters"]),
                ("dead_letter_topic", "COMMAND_TOPIC_PARTY",
                 ["--command_topic_party", "same topic"]),
                ("kafka_config", "/no/such/file", ["/no/such/file"]),
                ("kafka", "no-equals-sign", ["no-equals-sign", "name=value"]),
                ("kafka", "no.such.setting=1", ["no.such.setting"]),
                ("kafka", "fetch.wait.max.ms=soon", ["fetch.wait.max.ms", "soon"])):
            self.assert_wrong(names + ([f"--{flag}"] if flag != "kafka" else []),
                              f"--{flag}={value}")
            self.assert_wrong(names + ([flag.upper()] if flag != "kafka" else []),
                              programs=[WORKER], **{flag.upper(): value})

    # The worker's flags that are for one start, with a value that is right.
    ONCE = {"rebuild": "true", "offsets": "from-state", "changelogs": "from-log",
            "lost_inputs": "skip", "lost_markers": "abort"}

    def test_values_of_what_is_done_once(self):
        for flag, names in (("rebuild=perhaps", ["true"]),
                            ("offsets=latest", ["from-state, from-group"]),
                            ("changelogs=yes", ["from-log"]), ("lost_inputs=yes", ["skip"]),
                            ("lost_markers=yes", ["commit, abort"])):
            self.assert_wrong([f"--{flag.split('=')[0]} ", *names], f"--{flag}",
                              programs=[WORKER])

    def test_what_is_done_once_is_no_variable(self):
        """In a unit file it would be done at each start."""
        with open(os.path.join(ROOT, "tools", "worker.cc"), encoding="utf-8") as file:
            own = set(re.findall(r"ABSL_FLAG\(\s*[\w:]+,\s*(\w+)", file.read()))
        self.assertEqual(own, set(self.ONCE))
        for flag, value in self.ONCE.items():
            self.assert_wrong([f"environment variable {flag.upper()}", f"--{flag}", "one start"],
                              programs=[WORKER], **{flag.upper(): value})
            # Beside the flag, too: that is the one start, and the variable stays.
            self.assert_wrong([f"environment variable {flag.upper()}"], f"--{flag}={value}",
                              programs=[WORKER], **{flag.upper(): value})
            # The other programs have no such flag.
            status, _, err = run(DUMP, "--offline", **{flag.upper(): value})
            self.assertEqual(status, 1, err)
            self.assertIn("there is no state directory", err)

    def test_empty_values(self):
        """Of a flag; an empty variable counts as not set."""
        self.assert_wrong(["--bootstrap_servers", "host:port"], "--bootstrap_servers=")
        self.assert_wrong(["--state_dir", "directory"], "--state_dir=")

    def test_refused_kafka_settings(self):
        with open(os.path.join(ROOT, "streams", "kafka", "kafka_config.cc"),
                  encoding="utf-8") as file:
            table = re.search(r"Settings\{(.*?)\n  \};", file.read(), re.S).group(1)
        refused = re.findall(r'\{"([a-z._]+)",', table)
        self.assertGreater(len(refused), 30)
        for name in refused:
            self.assert_wrong([f"setting {name} cannot be set: "], f"--kafka={name}=1",
                              programs=[WORKER])

    def test_kafka_config_file(self):
        with tempfile.NamedTemporaryFile("w", suffix=".properties") as file:
            file.write("# a comment\n\nfetch.wait.max.ms = 20\nbad line\n")
            file.flush()
            self.assert_wrong([f"{file.name} line 4", "bad line"], f"--kafka_config={file.name}")
        with tempfile.NamedTemporaryFile("w", suffix=".properties") as file:
            file.write("fetch.wait.max.ms=20\nacks=1\n")
            file.flush()
            self.assert_wrong([file.name, "acks", "exactly-once"], f"--kafka_config={file.name}")

    def test_flag_wins_and_empty_counts_as_unset(self):
        # Both are wrong; the one that counts is named.
        self.assert_wrong(["\"flag\""], "--on_stop=flag", ON_STOP="environment")
        status, _, err = run(DUMP, "--offline", ON_STOP="", STATE_DIR="", COMMIT_INTERVAL_MS="")
        self.assertEqual(status, 1)
        self.assertIn("party-worker-state", err)  # the default directory
        # A good flag over a bad variable.
        status, _, err = run(DUMP, "--offline", "--commit_interval_ms=7", COMMIT_INTERVAL_MS="0")
        self.assertEqual(status, 1, err)


def log_has(worker, text):
    return lambda: text in worker.log() or not worker.running()


class WaitTest(KafkaTest):
    def test_missing_topics_are_waited_for(self):
        worker = self.worker("w")
        for topic in list(worker.topics.values())[:-2]:
            self.admin.create_topics([NewTopic(topic, 1, 1)])[topic].result()
        missing = list(worker.topics.values())[-2:]
        start_without_creating(worker)
        worker.wait_log("waiting for=")
        line = next(l for l in worker.log().splitlines() if "waiting for=" in l)
        for text in (*missing, "missing topics", "--create_topics"):
            self.assertIn(text, line)
        for topic in list(worker.topics.values())[:-2]:
            self.assertNotIn(topic, line)
        for topic in missing:
            self.admin.create_topics([NewTopic(topic, 1, 1)])[topic].result()
        worker.wait_log("running plan")
        self.assertEqual(worker.stop(), 0)


def start_without_creating(worker, *flags, **more):
    with open(worker.log_path, "ab") as log:
        worker.process = subprocess.Popen([WORKER, *flags], stdout=log, stderr=log,
                                          env=worker.environment(**more))


class StopTest(KafkaTest):
    def assert_stops(self, worker, how, seconds=STOP_SECONDS):
        begin = time.monotonic()
        worker.process.send_signal(how)
        self.assertEqual(worker.wait_exit(), 0)
        self.assertLess(time.monotonic() - begin, seconds)
        self.assertIn("stopping signal=" + how.name, worker.log())

    def test_while_waiting_for_topics(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            worker = self.worker(how.name.lower())
            start_without_creating(worker)
            worker.wait_log("waiting for=")
            self.assert_stops(worker, how)

    def test_while_joining(self):
        first = self.worker("w", directory="first", session_timeout_ms=6000).start()
        first.wait_log("running plan")
        first.kill()  # its session goes on: a second member's join waits for its end
        for how in (signal.SIGTERM, signal.SIGINT):
            second = self.worker("w", directory=how.name, session_timeout_ms=6000).start()
            second.wait_log("joining the group")
            self.assert_stops(second, how)

    def test_under_load(self):
        worker = self.worker("w", checkpoint_interval_ms=50).start()
        worker.wait_log("running plan")
        feeder, traffic = Feeder(self.inputs), Traffic(7, characters=500)
        for turn, how in enumerate((signal.SIGTERM, signal.SIGINT, signal.SIGTERM)):
            stop = threading.Event()

            def feed():
                while not stop.is_set():
                    traffic.one(feeder)
                    if len(feeder.producer) > 10_000:  # of 100,000 that it can hold
                        feeder.producer.poll(0.01)

            load = threading.Thread(target=feed)
            load.start()
            try:
                wait_committed_more(worker, 100)
                self.assert_stops(worker, how)
            finally:
                stop.set()
                load.join()
            feeder.flush()
            self.assertEqual(worker.dump("--offline"), worker.dump())
            self.assertGreater(len(worker.dump("--offline")), 20)
            worker.start()
            worker.wait_log("running plan", turn + 2)
        self.assert_stops(worker, signal.SIGTERM)


class OwnBrokerTest(unittest.TestCase):
    """With a broker of its own, that is not started yet."""

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="party-test-")
        cls.broker = Broker(cls.directory)

    @classmethod
    def tearDownClass(cls):
        cls.broker.tool("wipe")
        shutil.rmtree(cls.directory, ignore_errors=True)

    def setUp(self):
        self.workers = []

    def tearDown(self):
        for worker in self.workers:
            if worker.running():
                worker.kill()
        if harness.has_failed(self):
            for worker in self.workers:
                print(f"---- log of {worker.application_id}\n{worker.log()[-6000:]}")

    def worker(self, label, **settings):
        topics = {name: f"{label}-{name}" for name in VARIABLES}
        worker = harness.Worker(label, topics, os.path.join(self.directory, label),
                                os.path.join(self.directory, label + ".log"),
                                bootstrap_servers=self.broker.bootstrap, **settings)
        self.workers.append(worker)
        return worker

    def assert_stops(self, worker, how):
        begin = time.monotonic()
        worker.process.send_signal(how)
        self.assertEqual(worker.wait_exit(), 0)
        self.assertLess(time.monotonic() - begin, STOP_SECONDS)


class FrozenBrokerTest(OwnBrokerTest):
    def test_a_frozen_broker_is_told(self):
        """It has its connections and answers nothing: in the log, the health and the metrics."""
        self.broker.tool("start")
        # Another name than the broker's own for itself: it is one broker all the same.
        bootstrap = self.broker.bootstrap.replace("127.0.0.1", "127.1")
        worker = self.worker("frozen").start(BOOTSTRAP_SERVERS=bootstrap)
        ready = worker.http() + "/health/ready"
        wait_for(lambda: get(ready) == (200, "ready: state partition 0\n"), "it to be ready")
        os.kill(self.broker.pid(), signal.SIGSTOP)
        try:
            told = f"; brokers that cannot be reached: {self.broker.bootstrap}\n"
            wait_for(lambda: get(ready)[1].endswith(told), "the health to tell it", seconds=40)
            wait_for(lambda: get(ready)[0] == 503, "it not to be ready")
            self.assertIn("\nparty_worker_unreachable_brokers 1\n",
                          get(worker.http() + "/metrics")[1])
            self.assertIn(f" warning broker does not answer, waiting broker={self.broker.bootstrap}"
                          " for_seconds=10\n", worker.log())
        finally:
            os.kill(self.broker.pid(), signal.SIGCONT)
        wait_for(lambda: get(ready) == (200, "ready: state partition 0\n"), "it to be ready again")
        self.assertIn("\nparty_worker_unreachable_brokers 0\n", get(worker.http() + "/metrics")[1])
        self.assertEqual(len(re.findall("broker does not answer|broker is not reachable",
                                        worker.log())), 1, worker.log())
        self.assert_stops(worker, signal.SIGTERM)


class BrokerGoneTest(OwnBrokerTest):
    """A broker that comes late and goes away."""

    def load(self, worker, stop):
        """Feeds until it is told to stop, whatever becomes of the records."""
        producer = Producer({"bootstrap.servers": self.broker.bootstrap, "linger.ms": 5})
        i = 0
        while not stop.is_set():
            i += 1
            who = i % 50 + 1
            value = (b'{"worldId":0,"characterId":%d,"type":"LEVEL_CHANGED",'
                     b'"body":{"current":%d,"amount":1}}' % (who, i % 200))
            try:
                producer.produce(worker.topics[STATUS], key=key(who), value=value,
                                 headers=headers())
            except BufferError:
                pass
            producer.poll(0.001)
        producer.purge()

    def test_broker_comes_later_and_goes_again(self):
        # One broker for all of it: making one takes longer than the rest.
        for how in (signal.SIGTERM, signal.SIGINT):
            early = self.worker("early-" + how.name.lower()).start()
            early.wait_log("waiting for=")
            self.assertIn(self.broker.bootstrap, early.log())
            self.assert_stops(early, how)

        worker = self.worker("late", checkpoint_interval_ms=3_600_000).start()
        worker.wait_log("waiting for=")
        self.broker.tool("start")
        worker.wait_log("running plan")

        for turn, break_it in enumerate(("stop", "kill")):
            stop = threading.Event()
            load = threading.Thread(target=self.load, args=(worker, stop))
            load.start()
            try:
                wait_committed_more(worker, 100)
                # Of these it has heard: only then does it send more.
                wait_committed_more(worker, 1)
                if break_it == "stop":
                    os.kill(self.broker.pid(), signal.SIGSTOP)
                else:
                    self.broker.tool("kill")
                # The worker hangs in a commit now, or will at the next.
                self.assert_stops(worker, signal.SIGTERM)
            finally:
                stop.set()
                load.join()
                if break_it == "stop":
                    os.kill(self.broker.pid(), signal.SIGCONT)
            # No other checkpoint is made. What was under way may have been committed or not.
            self.assertGreater(len(worker.dump("--offline")), 20)
            if break_it == "kill":
                break
            worker.start()
            worker.wait_log("running plan", turn + 2)
            self.assert_stops(worker, signal.SIGTERM)
            self.assertEqual(worker.dump("--offline"), worker.dump())
            worker.start()
            worker.wait_log("running plan", turn + 3)


class RestoreProgressTest(KafkaTest):
    CHARACTERS = 100_000

    def part_restored(self, worker):
        """What a stop in the midst of a restore has is kept: how many characters. None where the
        worker was told too late."""
        worker.start(party_worker_stop_at="restore-record:20000")
        worker.wait_stands_still()
        begin = time.monotonic()
        worker.process.send_signal(signal.SIGTERM)
        worker.process.send_signal(signal.SIGCONT)
        self.assertEqual(worker.wait_exit(), 0)
        self.assertLess(time.monotonic() - begin, STOP_SECONDS)
        part = len(worker.dump("--offline"))
        self.assertNotIn(" warning ", worker.log_since_start())  # all is as it should be
        if "running plan" not in worker.log_since_start():
            return part
        worker.wipe()
        return None

    def test_progress_is_told_every_second(self):
        worker = self.worker("w", on_stop="leave", session_timeout_ms=6000).start()
        worker.wait_log("running plan")
        producer = Producer({"bootstrap.servers": BOOTSTRAP, "linger.ms": 50,
                             "queue.buffering.max.messages": 1_000_000})
        head = headers()
        for i in range(1, self.CHARACTERS + 1):
            producer.produce(self.inputs[STATUS], key=key(i), headers=head, value=(
                b'{"worldId":0,"characterId":%d,"type":"LOGIN",'
                b'"body":{"channelId":1,"mapId":100000000}}' % i))
        self.assertEqual(producer.flush(60), 0)
        feeder = Feeder(self.inputs)
        feeder.count[STATUS] = self.CHARACTERS
        self.wait_processed(worker, feeder)
        self.assertEqual(worker.stop(), 0)
        worker.wipe()
        worker.program = CRASHING_WORKER
        progress = (r"^(\S+)Z info restoring state_partition=0 done=(\d+) of=(\d+) "
                    r"percent=(\d+) per_second=(\d+) seconds_left=(\d+)$")
        part = wait_for(lambda: self.part_restored(worker), "a stop in the midst of the restore")
        self.assertGreater(part, 5000)
        whole = ends_of(worker.changelogs())[worker.changelogs()[0]]

        worker.start(party_worker_stop_at="restore-record:20000")
        worker.wait_stands_still()
        time.sleep(1.2)  # it is told each second
        runs = worker.log().count("running plan")
        worker.process.send_signal(signal.SIGCONT)
        worker.wait_log("running plan", runs + 1)
        self.assertEqual(worker.stop(), 0)
        log = worker.log_since_start()
        lines = re.findall(progress, log, re.M)
        self.assertTrue(lines, log)
        done = [int(line[1]) for line in lines]
        self.assertEqual(done, sorted(done))
        for _, of_done, of, percent, rate, left in lines:
            self.assertLessEqual(int(of), whole - part)
            self.assertEqual(int(percent), round(100 * int(of_done) / int(of)))
            if int(rate) >= 10:  # the rate is rounded; at the very beginning it says little
                to_do = int(of) - int(of_done)
                self.assertLessEqual(int(left), to_do / (int(rate) - 0.5) + 1)
                self.assertGreaterEqual(int(left), to_do / (int(rate) + 0.5) - 1)
        self.assertRegex(log, r"info restored state_partition=0 records=\d+ seconds=[\d.]+ "
                              r"per_second=\d+")
        self.assertEqual(len(worker.dump("--offline")), self.CHARACTERS)


if __name__ == "__main__":
    unittest.main(verbosity=2)
