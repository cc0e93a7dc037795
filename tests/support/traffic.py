"""Random traffic from a seed: what players do, with errors, strangers and bad input."""

import random


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
