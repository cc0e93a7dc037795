"""Ports for brokers that tests start."""

import random
import socket

# Below those that the system gives to connections: none of them comes between.
_RANGE = (20_000, 31_000)
_CONTROLLER = 1_000  # tools/kafka's controller listens so much above its broker


def _is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_for_a_broker(brokers=1):
    """The first of as many ports in a row."""
    while True:
        port = random.randrange(*_RANGE)
        if all(_is_free(port + n) and _is_free(port + n + _CONTROLLER) for n in range(brokers)):
            return port
