"""Reads scenario files (tests/scenario/README.md)."""

import struct


def read_bytes(text):
    if text == "(null)":
        return None
    return bytes.fromhex(text[2:]) if text.startswith("0x") else text.encode()


def read_key(text):
    if text == "(none)":
        return None
    if text == "(empty)":
        return b""
    return struct.pack("<II", int(text[1:]), 0) if text[0] == "#" else read_bytes(text)


class Record:
    def __init__(self, fields, headers):
        self.topic, key, timestamp, value = fields.split(" ", 3)
        self.key, self.timestamp, self.value = read_key(key), int(timestamp[1:]), read_bytes(value)
        self.headers = list(headers)


class Output(Record):
    """An expected output; its headers are its input's where none are listed."""

    def __init__(self, fields, headers):
        super().__init__(fields, headers)
        self._listed = False

    def add_header(self, line):
        if line.startswith("+ "):
            line = line[2:]
        elif not self._listed:
            self.headers = []
        self._listed = True
        if line != "no headers":
            name, value = line.split("=", 1)
            self.headers.append((name, read_bytes(value)))

    def as_written(self, topics):
        """Key, value, headers and timestamp, in a run whose topics have names of their own:
        a dead letter tells the name of the one that it comes from."""
        headers = [(name, topics[value.decode()].encode())
                   if name == "__streams.errors.topic" else (name, value)
                   for name, value in self.headers]
        return (self.key, self.value, headers, self.timestamp)


class Input(Record):
    def __init__(self, fields, headers):
        super().__init__(fields, headers)
        self.outputs = []


class Remark:
    """Lines of one remark that follow each other are one."""

    def __init__(self, text):
        self.text = text


class Restart:
    pass


class State:
    def __init__(self):
        self.entries = []


def _set_header(headers, text):
    name, equals, value = text.partition("=")
    headers[:] = [header for header in headers if header[0] != name]
    if equals:
        headers.append((name, read_bytes(value)))


def read_scenario(path):
    """The file's steps in order; each input has the outputs that it causes."""
    steps, headers, last, line_before = [], [], None, ""
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    for line in lines:
        if line.startswith("header "):
            _set_header(headers, line[7:])
        elif line.startswith("header+ "):
            name, _, value = line[8:].partition("=")
            headers.append((name, read_bytes(value)))
        elif line.startswith("> "):
            last = Input(line[2:], headers)
            steps.append(last)
        elif line.startswith("< "):
            last.outputs.append(Output(line[2:], headers))
        elif line.startswith("    "):
            last.outputs[-1].add_header(line[4:])
        elif line == "restart":
            steps.append(Restart())
        elif line == "state":
            steps.append(State())
        elif line.startswith("= "):
            steps[-1].entries.append(line[2:])
        elif line.startswith("#") and line_before.startswith("#"):
            steps[-1].text += " " + line[1:].strip()
        elif line.startswith("#"):
            steps.append(Remark(line[1:].strip()))
        elif line:
            raise ValueError(f"{path}: no such line in a scenario: {line}")
        line_before = line
    return steps
