"""Random traffic from a seed: what players do, with errors, strangers and bad input; and a
load of it that goes on while workers and brokers die."""

import random
import threading
import time


class Traffic:
    def __init__(self, seed, characters=40):
        self.random = random.Random(seed)
        self.characters = characters
        self.parties = 10

    def one(self, feeder):
        """Writes one record."""
        pick = self.random.random()
        who = self.random.randint(1, self.characters)
        party = 1_000_000_000 + self.random.randint(0, self.parties)
        if pick < 0.12:
            feeder.command(who, "CREATE")
        elif pick < 0.30:
            feeder.command(who, "JOIN", partyId=party)
        elif pick < 0.38:
            feeder.command(who, "LEAVE", partyId=party, force=False)
            self.parties += self.random.random() < 0.3
        elif pick < 0.42:
            feeder.command(who, "LEAVE", partyId=party, force=True,
                           characterId=self.random.randint(0, self.characters))
        elif pick < 0.56:
            feeder.status(who, "LOGIN", channelId=self.random.randint(0, 3),
                          mapId=self.random.choice((0, 100000000, 104000000)))
        elif pick < 0.66:
            feeder.status(who, "LOGOUT", channelId=1, mapId=0)
        elif pick < 0.80:
            feeder.status(who, "LEVEL_CHANGED", amount=1, current=self.random.randint(1, 200))
        elif pick < 0.98:
            feeder.status(who, "EXPERIENCE_CHANGED", amount=7)
        else:
            feeder.command(who, "NO_SUCH_COMMAND")


class Load(threading.Thread):
    """Random traffic while a `with` block runs. Each record is acknowledged before the next is
    sent, so that the order of the decisions is fixed; for that it waits for as long as the
    producer does (message.timeout.ms, 5 minutes)."""

    def __init__(self, feeder, seed, pause=0.005, least=0):
        """`least`: as many records at least, however soon the block ends."""
        super().__init__(daemon=True)
        self.feeder, self.traffic, self.pause, self.least = feeder, Traffic(seed), pause, least
        self.ending, self.given_up = threading.Event(), threading.Event()
        self.failure, self.sent = None, 0

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, failed, *_):
        self.ending.set()
        if failed:
            self.given_up.set()
        self.join()
        if not failed:
            self.check()

    def run(self):
        try:
            while not (self.given_up.is_set() or
                       self.ending.is_set() and self.sent >= self.least):
                self.traffic.one(self.feeder)
                while self.feeder.producer.flush(1):
                    if self.given_up.is_set():
                        return
                self.feeder.flush()
                self.sent += 1
                time.sleep(self.pause)
        except Exception as failure:  # told by check()
            self.failure = failure

    def check(self):
        """Raises where it has ended by a failure: to be called in waits for what it brings about.
        Returns itself."""
        if self.failure is not None:
            raise AssertionError(f"the load ended after {self.sent} records") from self.failure
        return self
