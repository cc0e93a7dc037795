"""The demo behind tools/demo: builds, starts Kafka and the worker, tells the story, and
takes everything down again, whatever happens."""

import argparse
import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from screen import BOLD, GREEN, RED, Progress, paint, say, title

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TRAFFIC = os.path.join("tests", "scenario", "scenarios", "demo.txt")
BUILD = os.path.join(ROOT, "build")
DIRECTORY = os.path.join(
    os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state"),
    "party-worker", "demo")
FIRST_PORT = 9092
# A controller listens so much above its broker: tools/kafka.
CONTROLLER = 1000

sys.path.insert(0, os.path.join(ROOT, "tests", "support"))


class Failed(Exception):
    """The demo cannot go on; its text says why, and where to look."""


class Stopped(BaseException):
    """Told to end by a signal."""

    def __init__(self, number):
        super().__init__()
        self.number = number


def heed_signals():
    def stop(number, _):
        raise Stopped(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
            signal.signal(number, stop)


def ignore_signals():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def run(command, log=None, each_line=None):
    """Runs to its end, in a session of its own: if this is interrupted, the command and all
    that it has started are ended. Returns the exit status and the output's lines."""
    lines = []
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, start_new_session=True,
                               stderr=subprocess.STDOUT if log else None)
    try:
        for raw in process.stdout:
            line = raw.decode(errors="replace").rstrip("\n")
            lines.append(line)
            if log:
                log.write(line + "\n")
                log.flush()
            if each_line:
                each_line(line)
        return process.wait(), lines
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise


# ------------------------------------------------------------------------- the build

def build():
    title("Build")
    log_path = os.path.join(DIRECTORY, "build.log")
    progress, began = Progress("building"), time.monotonic()
    steps = 0

    def show(line):
        nonlocal steps
        match = re.match(r"\[(\d+)/(\d+)\]", line)
        if match:
            steps = int(match.group(1))
            progress.at(steps, int(match.group(2)))

    with open(log_path, "w", encoding="utf-8") as log:
        commands = [["ninja", "-C", BUILD, "tools/party-worker", "tools/state-dump"]]
        if not os.path.exists(os.path.join(BUILD, "build.ninja")):
            again = os.path.exists(os.path.join(BUILD, "meson-private"))
            commands.insert(0, ["meson", "setup", *(["--wipe"] if again else []), BUILD])
        for command in commands:
            status, lines = run(command, log, show)
            if status:
                progress.end()
                say("\n".join(lines[-15:]))
                raise Failed(f"the build failed; its log is {log_path}")
    progress.end()
    say(f"built in {time.monotonic() - began:.0f} s" if steps else "nothing to build")


# --------------------------------------------------------------------------- Kafka

def free(port):
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def choose_port(brokers):
    """9092 where it is free, else the first above it. Each broker wants two ports."""
    for port in range(FIRST_PORT, 60000, 10):
        if all(free(port + i) and free(port + CONTROLLER + i) for i in range(brokers)):
            return port
    raise Failed("no free port for Kafka on 127.0.0.1")


class OwnKafka:
    directory = os.path.join(DIRECTORY, "kafka")

    def __init__(self, brokers):
        self.brokers = brokers

    def start(self):
        began = time.monotonic()
        status, lines = run(["tools/kafka", "start", "--dir", self.directory, "--port",
                             str(choose_port(self.brokers)), "--brokers", str(self.brokers)])
        if status:
            raise Failed(f"Kafka did not start (see above); its files are in {self.directory}")
        say(f"Apache Kafka runs on {lines[-1]}, started in {time.monotonic() - began:.1f} s, "
            f"data in {self.directory}")
        return lines[-1]

    def call(self, command):
        return run(["tools/kafka", command, "--dir", self.directory])[0] == 0


def names_of_run(own):
    """The application id and the topics. On its own Kafka these are the contract's; on
    another, names that nobody else has."""
    from harness import DEAD, VARIABLES
    application = "party-worker" if own else f"party-demo-{uuid.uuid4().hex[:8]}"
    prefix = "" if own else f"{application}."
    topics = {name: prefix + variable for name, variable in VARIABLES.items()}
    topics[DEAD] = f"{application}-dead-letter"
    return application, topics


def create_topics(admin, topics):
    """Returns how many replicas the broker gives them."""
    from harness import INPUTS, wait_for
    # Recorded traffic bears old timestamps: it must not be deleted for its age.
    new = [NewTopic(topic, 1, -1, config={"retention.ms": "-1"}) for topic in topics.values()]
    for topic, future in admin.create_topics(new, operation_timeout=30).items():
        try:
            future.result()
        except KafkaException as error:
            raise Failed(f"topic {topic} could not be created: {error.args[0].str()}") from error
    wait_for(lambda: set(topics.values()) <= set(admin.list_topics(timeout=10).topics),
             "the new topics")
    made = admin.list_topics(timeout=10).topics
    for name, topic in topics.items():
        say(f"{'in' if name in INPUTS else 'out':<3}  {name:<13}  {topic}")
    return min(len(made[topic].partitions[0].replicas) for topic in topics.values())


def delete_topics(admin, application):
    mine = [topic for topic in admin.list_topics(timeout=10).topics
            if topic.startswith(application)]
    if mine:
        for future in admin.delete_topics(mine, operation_timeout=30).values():
            future.result()
    return len(mine)


# ------------------------------------------------------------------------ the demo

class Demo:
    def __init__(self, arguments):
        self.fast = arguments.fast
        self.given = os.environ.get("BOOTSTRAP_SERVERS")
        self.kafka = None if self.given else OwnKafka(arguments.brokers)
        self.admin = self.application = self.worker = self.story = None
        self.good = self.interrupted = False

    def prepare(self):
        """A directory that nobody else uses, without what a killed demo has left there."""
        os.makedirs(DIRECTORY, exist_ok=True)
        self.lock = open(os.path.join(DIRECTORY, "lock"), "w", encoding="utf-8")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Failed(f"another demo is running in {DIRECTORY}") from error
        OwnKafka(1).call("wipe")
        shutil.rmtree(os.path.join(DIRECTORY, "state"), ignore_errors=True)
        if os.path.exists(self.worker_log()):
            os.remove(self.worker_log())

    @staticmethod
    def worker_log():
        return os.path.join(DIRECTORY, "worker.log")

    def start_kafka(self):
        title("Kafka")
        if self.given:
            say(f"using {self.given}")
        bootstrap = self.given or self.kafka.start()
        # Read by the harness when it is imported.
        os.environ.update(BOOTSTRAP_SERVERS=bootstrap, BUILD_DIR=BUILD)
        self.admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
        try:
            self.admin.list_topics(timeout=15)
        except KafkaException as error:
            raise Failed(f"Kafka at {bootstrap} does not answer: {error.args[0].str()}") from error

    def set_up(self):
        import harness
        import story
        application, topics = names_of_run(own=not self.given)
        self.application = application
        replicas = create_topics(self.admin, topics)
        self.worker = harness.Worker(application, topics, os.path.join(DIRECTORY, "state"),
                                     self.worker_log(), environment="",
                                     output_guarantee="exactly_once",
                                     replication_factor=replicas)
        self.story = story.Story(os.path.join(ROOT, TRAFFIC), topics, self.worker, self.fast)

    def play(self):
        title(f"The story: {TRAFFIC}")
        self.story.start_worker()
        self.story.tell()

    def show_state(self):
        title("The state, by state-dump, after SIGTERM")
        began = time.monotonic()
        status = self.worker.stop()
        say(f"the worker has stopped with exit status {status} after "
            f"{time.monotonic() - began:.1f} s")
        import harness
        done = subprocess.run([harness.DUMP], env=self.worker.environment(), check=False)
        if done.returncode:
            raise Failed("state-dump failed (see above)")
        return status

    def verify(self, status):
        title("What this has shown")
        self.good = self.story.check(status == 0, "the worker stopped in order at SIGTERM")
        self.good &= self.story.verify_outputs()
        self.good &= self.story.verify_state()

    def run(self):
        build()
        self.start_kafka()
        self.set_up()
        self.play()
        self.verify(self.show_state())

    # ---- the end

    def clean_up(self):
        """Ends all that was started, by process id, and deletes what was made; what cannot
        be done is named, and the rest is done."""
        steps = [self.end_worker, self.delete_topics if self.given else self.end_kafka,
                 self.check_nothing_runs]
        for step in steps:
            try:
                step()
            except Exception as error:
                say(f"{paint('WRONG', RED, BOLD)} {step.__name__}: {error}")
                self.good = False
        if self.good or self.interrupted:
            shutil.rmtree(DIRECTORY, ignore_errors=True)

    def end_worker(self):
        if self.story:
            self.story.close()
        if self.worker and self.worker.running():
            self.worker.kill()

    def end_kafka(self):
        # Where something went wrong, its log is wanted.
        done = self.kafka.call("wipe" if self.good or self.interrupted else "stop")
        if not done:
            raise Failed("tools/kafka (see above)")

    def delete_topics(self):
        if not self.application:
            return
        count = delete_topics(self.admin, self.application)
        # With its topics gone the group has no offsets left: the broker removes it by itself.
        say(f"{paint('ok   ', GREEN)} the {count} topics of this run are deleted")

    @staticmethod
    def check_nothing_runs():
        """Looks for our directory in every process's command line and environment."""
        left = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                # In another root the same directory is another one.
                if os.readlink(f"/proc/{pid}/root") != os.readlink("/proc/self/root"):
                    continue
                for what in ("cmdline", "environ"):
                    with open(f"/proc/{pid}/{what}", "rb") as file:
                        if DIRECTORY.encode() in file.read() and int(pid) not in left:
                            left.append(int(pid))
            except OSError:
                continue  # it has just ended
        if left:
            raise Failed(f"processes {left} are still running")
        say(f"{paint('ok   ', GREEN)} nothing is left running")


def parse():
    parser = argparse.ArgumentParser(prog="tools/demo")
    parser.add_argument("--brokers", type=int, default=1, choices=(1, 3))
    parser.add_argument("--fast", action="store_true")
    return parser.parse_args()


def main():
    demo = Demo(parse())
    heed_signals()
    why, status = "", 1
    try:
        demo.prepare()
    except Failed as error:
        print(f"tools/demo: {error}", file=sys.stderr)
        return 1
    try:
        demo.run()
    except Stopped as stopped:
        demo.interrupted, status = True, 128 + stopped.number
        say()
    except BrokenPipeError:
        # Who reads has gone, as `| head` does.
        demo.interrupted = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        why = f"{error}" or type(error).__name__
    ignore_signals()
    demo.clean_up()
    if why:
        print(paint("tools/demo: ", RED, BOLD) + why, file=sys.stderr)
    elif not (demo.good or demo.interrupted):
        print(f"tools/demo: not all was as expected; the logs are in {DIRECTORY}", file=sys.stderr)
    return 0 if demo.good else status


if __name__ == "__main__":
    sys.exit(main())
