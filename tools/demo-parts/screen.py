"""What the demo prints: columns, and colours where there is a terminal."""

import os
import shutil
import sys
import textwrap
import time

TERMINAL = sys.stdout.isatty()
COLOUR = TERMINAL and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
WIDTH = max(80, min(120, shutil.get_terminal_size().columns)) if TERMINAL else 108
NARROW = WIDTH < 100

BOLD, DIM, RED, GREEN, YELLOW = "1", "2", "31", "32", "33"
TENANT_COLOURS = ("36", "35")
PAUSE_SECONDS = 0.12


def paint(text, *codes):
    codes = [code for code in codes if code]
    if not COLOUR or not codes:
        return text
    return f"\x1b[{';'.join(codes)}m{text}\x1b[0m"


def say(text="", *codes):
    print(paint(text, *codes), flush=True)


def title(text):
    say()
    say(f"== {text}", BOLD)


def remark(text):
    say()
    for line in textwrap.wrap(text, WIDTH - 2):
        say(f"# {line}", BOLD)


class Progress:
    """One line that is written over on a terminal; elsewhere, a line each quarter."""

    def __init__(self, what):
        self.what, self.quarter = what, 0

    def at(self, done, total):
        if TERMINAL:
            sys.stdout.write(f"\r{self.what}: {done} of {total}\x1b[K")
            sys.stdout.flush()
        elif 4 * done // total > self.quarter:
            self.quarter = 4 * done // total
            say(f"{self.what}: {done} of {total}")

    def end(self):
        if TERMINAL:
            sys.stdout.write("\r\x1b[K")
            sys.stdout.flush()


def fact(head, name, value):
    """One fact about a record, under its columns; a long value is wrapped."""
    prefix = f"{'':<10}{head:<4} {name:<8} "
    lines = textwrap.wrap(value, WIDTH - len(prefix), break_on_hyphens=False)
    for line in lines or [""]:
        say(prefix + line, DIM)
        prefix = " " * len(prefix)


class Columns:
    """The lines for inputs and outputs. A narrow terminal has no room for the types and
    times; the words tell the types too."""

    def __init__(self, fast):
        self.pause_seconds = 0 if fast or not TERMINAL else PAUSE_SECONDS
        self.tenants = {}

    def pause(self):
        """Lets a person read. The clocks of the outputs' times do not run meanwhile."""
        time.sleep(self.pause_seconds)

    def input(self, tenant, topic, kind, words):
        self._line((tenant, "in", "", topic, kind), words, "")

    def output(self, tenant, milliseconds, topic, kind, words):
        colour = RED if topic == "dead" else YELLOW if kind == "ERROR" else GREEN
        elapsed = "" if milliseconds is None else f"{milliseconds:.0f} ms"
        self._line((tenant, "out", elapsed, topic, kind), words, colour)

    def _line(self, columns, words, colour):
        tenant, direction, elapsed, topic, kind = columns
        shade = self.tenants.setdefault(tenant, TENANT_COLOURS[len(self.tenants) % 2])
        if NARROW:
            cells = [(f"{tenant:<9}", shade), (f"{direction:<3}", DIM), (f"{topic:<13}", "")]
        else:
            cells = [(f"{tenant:<9}", shade), (f"{direction:<3} {elapsed:>7} ", DIM),
                     (f"{topic:<13}", ""), (f"{kind:<18}", colour)]
        indent = sum(len(text) + 1 for text, _ in cells)
        # Identifiers as long as a line are not torn apart.
        lines = textwrap.wrap(words, WIDTH - indent, break_long_words=False,
                              break_on_hyphens=False) or [""]
        say(" ".join(paint(*cell) for cell in cells + [(lines[0], colour)]))
        for line in lines[1:]:
            say(" " * indent + line, colour)
