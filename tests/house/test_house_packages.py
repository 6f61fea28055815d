"""setup.cfg and constraints.txt say what the tree is and what the tests run with."""

import importlib.metadata
import sys

from house.tree import CODE, ROOT, imports, listed, modules, setup
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

DATA = {"otppi.conf": "conf", "otppi.webroot": "webroot"}
ALLOWED = {
    "pykka": {"actors", "otppi.app"},
    "vendors": {"otppi.adapters"},
    "cherrypy": {"otppi.web"},
}
"""Who may import what a contract forbids to everybody else. A new contract stands here too."""


def rooms():
    """Everything directly under otppi/, and actors."""
    inside = {path.stem for path in (ROOT / "otppi").glob("*.py")} | {path.parent.name for path in (ROOT / "otppi").glob("*/__init__.py")}
    return {f"otppi.{name}" for name in inside - {"__init__"}} | {"actors"}


def contracts():
    return {section.rpartition(":")[2]: setup()[section] for section in setup().sections() if section.startswith("importlinter:contract:")}


def test_the_package_list_is_the_tree():
    tree = {".".join(path.parent.relative_to(ROOT).parts) for path in modules(*CODE)}
    assert sorted(listed(setup()["options"]["packages"])) == sorted(tree | set(DATA))


def test_every_folder_with_modules_is_a_package():
    bare = {str(path.parent.relative_to(ROOT)) for path in modules(*CODE) if not (path.parent / "__init__.py").exists()}
    assert not bare


def test_the_data_folders_are_mapped_and_hold_files():
    mapped = dict(line.split(" = ") for line in listed(setup()["options"]["package_dir"]))
    assert mapped == DATA
    assert all(any(path.is_file() for path in (ROOT / folder).rglob("*")) for folder in DATA.values())


def test_every_room_has_its_layer():
    layers = [name.strip() for line in listed(contracts()["layers"]["layers"]) for name in line.split("|")]
    assert sorted(layers) == sorted(rooms())


def test_no_module_escapes_a_contract():
    forbidding = {name: contract for name, contract in contracts().items() if contract["type"] == "forbidden" and name != "web"}
    assert set(forbidding) == set(ALLOWED)
    for name, contract in forbidding.items():
        assert sorted(listed(contract["source_modules"])) == sorted(rooms() - ALLOWED[name]), name


def test_every_library_is_kept_in_a_room_of_its_own():
    own = set(sys.stdlib_module_names) | set(CODE)
    used = {name.partition(".")[0] for path in modules(*CODE) for _, name, _ in imports(path)} - own - {""}
    kept = {name for contract in contracts().values() for name in listed(contract.get("forbidden_modules", ""))}
    assert used <= kept
    assert not used - set(importlib.metadata.packages_distributions()), "setup.cfg does not install it"


def test_the_constraints_are_what_the_tests_run_with():
    lines = [line.strip() for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if not line.startswith("#")]
    pinned = {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines)}
    assert lines == sorted(lines, key=lambda line: line.partition("==")[0].lower())
    running = {name: importlib.metadata.version(name) for name in needed()}
    assert {name: pinned.get(name) for name in running} == running


def needed():
    """Everything that otppi and its tests draw in, on this Python."""
    found, left = set(), [("otppi", "test")]
    while left:
        name, extra = left.pop()
        for line in importlib.metadata.requires(name) or ():
            requirement = Requirement(line)
            key = canonicalize_name(requirement.name)
            if (requirement.marker is None or requirement.marker.evaluate({"extra": extra})) and key not in found:
                found.add(key)
                left += [(key, wanted) for wanted in requirement.extras] or [(key, "")]
    return found
