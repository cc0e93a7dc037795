"""What the crash tests share: workers that die at named points (tests/crash/crash_points.h)
under load, and the comparison with one that does not."""

import os
import shutil
import signal
from concurrent.futures import ThreadPoolExecutor

import deaths
from harness import BUILD, Feeder, KafkaTest, PARTY, Worker, wait_committed_more, wait_for
from traffic import Load

CRASHING_WORKER = os.path.join(BUILD, "tests", "crashing-party-worker")


# By which librdkafka 2.0.2 may end a process that has stood still in a transaction
# (docs/failure-scenarios.md).
LIBRARY_FAULT = "rd_kafka_txn_handle_AddPartitionsToTxn: Assertion `rk->rk_eos.txn_req_cnt > 0'"


def reached(point, deed="crash"):
    """The line that a worker writes before it dies or stands still."""
    return f"{deed} point {point.split(':')[0]} reached\n"


def courses(make, *points):
    """For under_load: each point's course by a label that a topic's name may hold."""
    return {point.replace(":", "-"): make(point) for point in points}


class CrashingWorker(Worker):
    """One that can be told where to die. It writes down what befalls it: `history` is that of
    its application."""

    program = CRASHING_WORKER
    history = None

    def start(self, *flags, **more):
        self.history.started(self.state_dir)
        return super().start(*flags, **more)

    def wipe(self):
        self.history.wiped(self.state_dir)
        super().wipe()


class CrashTest(KafkaTest):
    # Whether some of its dead have come to a checkpoint, which then can be looked at.
    leaves_checkpoints = True

    def setUp(self):
        super().setUp()
        self.kept = {}  # by application: the directories that its dead have left
        self.checked = []  # of those: with state that was held against the changelogs
        self.partial = []  # of those: with some of the state and not all of it
        self.histories = {}  # by label, as the workers of one label are of one application
        self.feeder = Feeder(self.inputs)

    def crashing(self, label, directory=None, **settings):
        """Takeovers wait for the session timeout, and what is on disk is behind, but not by
        all."""
        settings = {"session_timeout_ms": 6000, "checkpoint_interval_ms": 300, **settings}
        worker = self.worker(label, directory, CrashingWorker, **settings)
        worker.history = self.histories.setdefault(label, deaths.History())
        return worker

    # --------------------------------------------------------------------- to die

    def die_at(self, point, worker, *flags):
        """Starts the worker, which comes to the point and dies."""
        worker.start(*flags, party_worker_crash_at=point)
        self.assert_dies(point, worker)

    def assert_dies(self, point, worker):
        status = worker.wait_exit()
        self.assertEqual(status, -signal.SIGKILL, f"{point}: {worker.log()[-3000:]}")
        self.assertEqual(worker.log_since_start().count(reached(point)), 1, point)
        worker.history.died(worker.state_dir, point)
        self.keep_disk(worker)

    def start_again_after_library_fault(self, worker):
        """It has ended by itself: by nothing else."""
        self.assertEqual(worker.wait_exit(), -signal.SIGABRT, worker.log()[-3000:])
        self.assertIn(LIBRARY_FAULT, worker.log_since_start())
        self.keep_disk(worker)
        worker.start()

    def keep_disk(self, worker):
        """A copy of what a dead worker has left, to be looked at in the end."""
        kept = self.kept.setdefault(worker.application_id, [])
        copy = os.path.join(self.directory, f"kept-{worker.application_id}-{len(kept)}")
        shutil.copytree(worker.state_dir, copy)
        kept.append(copy)

    def dies_each_time(self, point, counts, **settings):
        """A course: dies at the point, at several of its hits; the disk is lost; another takes
        over."""
        def run(label):
            worker = self.crashing(label, **settings)
            if "checkpoint_interval_ms" not in settings:
                self.leave_checkpoint(worker)
            for count in counts:
                self.die_at(f"{point}:{count}", worker)
            worker.wipe()
            self.die_at(f"{point}:{counts[-1]}", worker)
            other = self.crashing(label, directory=f"{label}-other", **settings).start()
            other.wait_log("running plan")
            return other
        return run

    def leave_checkpoint(self, worker):
        """So that there is one to look at, however soon the next deaths come."""
        self.die_at("checkpoint-flushed", worker)

    def work(self, worker, *flags):
        """Starts the worker, which processes for a while and dies."""
        self.die_at("committed:8", worker, *flags)

    def wait_at_work(self, worker, records=20):
        """Waits until the worker runs, and its group has committed so many more records."""
        wait_for(lambda: "running plan" in worker.log_since_start() or not worker.running(),
                 "the worker to run")
        wait_committed_more(worker, records)

    # ------------------------------------------------------------------- the course

    def under_load(self, courses, seed, first=lambda feeder: None):
        """Runs each course (label: function of the label, which returns the worker that is
        left) while traffic comes, all at the same time, beside an undisturbed worker; then
        compares outputs and state. `first` writes what comes before the traffic."""
        calm = self.worker("calm").start()
        calm.wait_log("running plan")  # the inputs are there
        first(self.feeder)
        self.feeder.flush()
        with ThreadPoolExecutor(len(courses)) as pool:
            with Load(self.feeder, seed, least=600):
                running = {label: pool.submit(course, label) for label, course in courses.items()}
                left = {label: future.result() for label, future in running.items()}
            for worker in [calm, *left.values()]:
                self.wait_processed(worker, self.feeder)
            expected = self.outputs(calm)
            self.assertGreater(len(expected[PARTY]), 100)
            state = calm.dump()
            self.assertEqual(calm.stop(), 0)
            list(pool.map(lambda worker: self.compare(expected, state, worker), left.values()))
        if self.leaves_checkpoints:
            self.assertTrue(self.checked, f"no disk with a checkpoint, of {self.kept}")
        self.assertEqual(deaths.lacking({label: self.histories.get(label) for label in courses}),
                         [])

    def compare(self, expected, state, worker):
        self.compare_outputs(expected, self.outputs(worker))
        self.stop(worker)
        self.compare_state(state, worker)

    def compare_outputs(self, expected, found):
        self.assert_same_outputs(expected, found)

    def compare_state(self, state, worker):
        """`worker` has stopped, and its changelogs are complete."""
        self.assertEqual(worker.dump("--offline"), state)
        self.assertEqual(worker.verify()["not_checked"], [])
        # What each death has left is a prefix of the changelogs: with the rest, it is all.
        for kept in self.kept.get(worker.application_id, []):
            if worker.verify(state_dir=kept)["right"] > 0:
                self.checked.append(kept)
            if worker.on_disk(kept) not in ([], state):
                self.partial.append(kept)
