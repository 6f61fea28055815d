"""The checkout as the house rules see it: its files, and the syntax tree of each module."""

import ast
import configparser
import re
import shutil
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = ("otppi", "actors")
FOLDERS = (*CODE, "conf", "webroot", "tests", "docs", "debian", ".ci")
MADE = re.compile(r"__pycache__|.*\.pyc|.*\.egg-info|\..*(cache|hypothesis).*|\.venv.*|\.git|build|dist|var")


def modules(*folders):
    """Give every module of the folders, which are named as from the checkout."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def files():
    """Give every file that is handed on, and nothing that a tool has made."""
    inside = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    beside = [path for path in ROOT.iterdir() if not MADE.fullmatch(path.name)]
    return sorted({path for path in inside + beside if path.is_file() and not any(MADE.fullmatch(part) for part in path.relative_to(ROOT).parts)})


def copy_to(folder):
    """Copy the checkout without what tools have made; gives the copy's path."""
    shutil.copytree(ROOT, folder, ignore=lambda _, names: {name for name in names if MADE.fullmatch(name)})
    return folder


@cache
def syntax(path):
    return ast.parse(path.read_text("utf-8"), str(path))


def dotted(node):
    """Give ``a.b.c`` for a name or an attribute of one; a part that is neither is a question mark."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def calls(path):
    """Give ``(node, dotted name of what is called)`` for every call in a module."""
    return [(node, dotted(node.func)) for node in ast.walk(syntax(path)) if isinstance(node, ast.Call)]


def imports(path):
    """Give ``(node, module, name or None)`` for everything that a module imports, inside functions too."""
    found = []
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Import):
            found.extend((node, alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.extend((node, node.module or "", alias.name) for alias in node.names)
    return found


def at(path, node):
    """Give the place as people and editors read it."""
    return f"{path.relative_to(ROOT)}:{node.lineno}"


def setup():
    """Give setup.cfg."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / "setup.cfg", "utf-8")
    return parser


def listed(text):
    """Give the entries of a value with one entry a line."""
    return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
