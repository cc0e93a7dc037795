#!/usr/bin/python3
"""What the documents say, against what is there: settings, topology, links to headings.
Wants build/tools/party-worker (or BUILD_DIR)."""

import os
import re
import subprocess
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
BUILD = os.environ.get("BUILD_DIR", os.path.join(ROOT, "build"))
WORKER = os.path.join(BUILD, "tools", "party-worker")


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


# ------------------------------------------------------------------- topology

def edges_of_picture(text):
    """The arrows of the page's first mermaid block, by names with dashes."""
    block = re.search(r"```mermaid\n(.*?)```", text, re.S)[1]
    found = re.findall(r"^\s*(\w+)\S* *(?:\([^-\n]*\))? *--> *(\w+)", block, re.M)
    return {(a.replace("_", "-"), b.replace("_", "-")) for a, b in found}


def edges_of_code(text):
    declared = re.findall(r"(?:const auto (\w+) =\s*)?topology\.Add(?!Store)(\w+)(?:<[^>]*>)?\("
                          r'\s*"([\w-]+)"(.*?)\);', text, re.S)
    names = {variable: name for variable, _, name, _ in declared}
    edges = set()
    for _, kind, name, rest in declared:
        parents = re.search(r"\{([\w\s,]+)\}", rest)
        for parent in re.findall(r"\w+", parents[1]) if kind != "Source" else []:
            edges.add((names[parent], name))
    return edges


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

    def test_the_picture_is_the_topology(self):
        picture = edges_of_picture(read("README.md"))
        code = edges_of_code(read("topology/party_topology.cc"))
        self.assertGreater(len(code), 10)
        self.assertEqual(picture, code)

    def test_the_picture_names_the_stores(self):
        text = read("serde/store_codecs.h")
        stores = re.findall(r'kName = "([\w-]+)"', text)
        self.assertIn(f"parties[parties<br/>{', '.join(stores)}]", read("README.md"))

    def test_topics_are_named_as_in_the_topology(self):
        code = read("topology/party_topology.h") + read("topology/party_topology.cc")
        for name, topic in re.findall(r"^\| `([\w-]+)` \| `([A-Z_]+)` \|$", read("README.md"), re.M):
            member = re.search(rf'(\w+) = "{topic}"', code)
            self.assertTrue(member, topic)
            self.assertRegex(code, rf'"{name}",\s*topics\.{member[1]}\b')

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
