"""Brokers of a test's own, that can be killed, frozen and started again."""

import os
import shutil
import subprocess
import tempfile

import ports
from harness import KafkaTest

_TOOL = os.path.join(os.path.dirname(__file__), "..", "..", "tools", "kafka")


class Broker:
    """One broker, or three that are a cluster."""

    def __init__(self, directory, brokers=1, settings=()):
        self.directory = os.path.join(directory, "kafka")
        self.port = ports.free_for_a_broker(brokers)
        self.brokers = brokers
        self.settings = [word for setting in settings for word in ("--set", setting)]
        self.bootstrap = ",".join(f"127.0.0.1:{self.port + n}" for n in range(brokers))

    def tool(self, *command):
        subprocess.run([_TOOL, *command, "--dir", self.directory, "--port", str(self.port)],
                       check=True, stdout=subprocess.DEVNULL, timeout=120)

    def start(self):
        self.tool("start", "--brokers", str(self.brokers), *self.settings)

    def kill(self, node=1):
        self.tool("kill", "--node", str(node))

    def pid(self, node=1):
        with open(os.path.join(self.directory, str(node), "pid"), encoding="utf-8") as file:
            return int(file.read())


class OwnBrokerTest(KafkaTest):
    """A cluster for the tests of one class."""

    brokers = 1
    broker_settings = ()

    @classmethod
    def setUpClass(cls):
        cls.broker_directory = tempfile.mkdtemp(prefix="party-test-")
        cls.broker = Broker(cls.broker_directory, cls.brokers, cls.broker_settings)
        cls.bootstrap = cls.broker.bootstrap
        cls.broker.start()

    @classmethod
    def tearDownClass(cls):
        cls.broker.tool("wipe")
        shutil.rmtree(cls.broker_directory, ignore_errors=True)
