#!/usr/bin/python3
"""What the documents say, against what is there: settings, topology, links to headings.
Wants the programs of build/tools (or BUILD_DIR)."""

import os
import re
import subprocess
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
BUILD = os.environ.get("BUILD_DIR", os.path.join(ROOT, "build"))
WORKER = os.path.join(BUILD, "tools", "party-worker")
DESCRIBE = os.path.join(BUILD, "tools", "describe-topology")


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


def documents():
    done = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard", "*.md"],
                          stdout=subprocess.PIPE, check=True)
    return done.stdout.decode().split()


# ------------------------------------------------------------------- settings

def settings_of_help(text):
    """{flag: (variable, default, meaning)}"""
    found = re.findall(r"^  --(\w+)   (\w+)\n      (.*)\n      default: (.*)$", text, re.M)
    return {flag: (variable, "" if default == "(empty)" else default, meaning)
            for flag, variable, meaning, default in found}


def settings_of_page(text):
    found = re.findall(r"^\| `--(\w+)` \| `(\w+)` \|(?: `(.*?)`)? \| (.*) \|$", text, re.M)
    return {flag: (variable, default, meaning.replace("\\<", "<"))
            for flag, variable, default, meaning in found}


def own_flags_of_help(text):
    """{flag: meaning} of those that are no variables."""
    return dict(re.findall(r"^  --(\w+)\n      (.*)\n      default: ", text, re.M))


def own_flags_of_page(text):
    table = re.search(r"^\| flag \| for one start \|\n(?:\|.*\n)+", text, re.M)[0]
    return dict(re.findall(r"^\| `--(\w+)` \| (.*) \|$", table, re.M))


# ---------------------------------------------------------------------- links

def anchors(text):
    """Headings as a page of them is linked to."""
    plain = re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.*)$", plain, re.M)}


class DocsTest(unittest.TestCase):
    def test_the_settings_are_those_of_help(self):
        done = subprocess.run([WORKER, "--help"], stdout=subprocess.PIPE, check=True)
        told, there = settings_of_page(read("README.md")), settings_of_help(done.stdout.decode())
        self.assertGreater(len(there), 20)
        self.assertEqual(sorted(told), sorted(there))
        for flag, setting in there.items():
            self.assertEqual(told[flag], setting, f"--{flag}")
        self.assertEqual(own_flags_of_page(read("README.md")),
                         own_flags_of_help(done.stdout.decode()))

    def test_the_picture_is_what_the_program_draws(self):
        picture = subprocess.run([DESCRIBE, "--format", "mermaid"], stdout=subprocess.PIPE,
                                 check=True, env={}).stdout.decode()
        self.assertGreater(picture.count("-->"), 10)
        self.assertIn(f"```mermaid\n{picture}```", read("README.md"))

    def test_links_lead_to_headings(self):
        count = 0
        for name in documents():
            for target, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", read(name)):
                path = os.path.normpath(os.path.join(os.path.dirname(name), target)) if target \
                    else name
                self.assertIn(anchor, anchors(read(path)), f"{name} links to {path}#{anchor}")
                count += 1
        self.assertGreater(count, 10)

    def test_decisions_are_numbered(self):
        folder = os.path.join(ROOT, "docs", "decisions")
        records = sorted(name for name in os.listdir(folder) if name != "README.md")
        for name in records:
            self.assertRegex(name, r"^\d{4}-[a-z0-9-]+\.md$")
            text = read(os.path.join("docs", "decisions", name))
            self.assertTrue(text.startswith(f"# {int(name[:4])}. "), name)
        numbers = [name[:4] for name in records]
        self.assertEqual(len(numbers), len(set(numbers)), "a number is used twice")


if __name__ == "__main__":
    unittest.main(verbosity=2)
