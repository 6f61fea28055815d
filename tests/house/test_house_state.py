"""No state but an owner's: what stands at the top of a module is a constant."""

import ast
from itertools import chain

from house.tree import at, calls, modules, syntax

DISPLAYS = (ast.Dict, ast.List, ast.Set, ast.DictComp, ast.ListComp, ast.SetComp)
MAKERS = {"dict", "list", "set", "bytearray", "defaultdict", "deque", "Counter", "OrderedDict", "count", "cycle"}
CHANGING = {"append", "appendleft", "extend", "insert", "remove", "pop", "popleft", "popitem", "clear", "update", "setdefault", "add", "discard",
            "sort", "reverse", "move_to_end", "difference_update", "intersection_update", "symmetric_difference_update"}


def test_what_stands_at_the_top_of_a_module_is_a_constant():
    """In capitals (or a dunder), and nobody changes it."""
    found, constants = [], set()
    for path in modules("otppi", "actors"):
        for node, name in mutable_at_the_top(path):
            constants.add(name)
            if name != name.upper():
                found.append(f"{at(path, node)} {name}: a constant is in capitals, state belongs to an owner")
    for path in modules("otppi", "actors"):
        found += [f"{at(path, node)} changes {name}" for node, name in changes(path) if name in constants]
        found += [f"{at(path, node)} says global" for node in ast.walk(syntax(path)) if isinstance(node, ast.Global)]
    assert not found


def mutable_at_the_top(path):
    """Give ``(node, name)`` for each dict, list, set and the like that is made at module or class level."""
    names = {node: name.rpartition(".")[2] for node, name in calls(path)}
    classes = (node.body for node in ast.walk(syntax(path)) if isinstance(node, ast.ClassDef))
    for statement in chain(syntax(path).body, *classes):
        if not isinstance(statement, ast.Assign | ast.AnnAssign) or is_class_table(statement):
            continue
        if isinstance(statement.value, DISPLAYS) or names.get(statement.value) in MAKERS:
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            yield from ((statement, target.id) for target in targets if isinstance(target, ast.Name) and not target.id.startswith("__"))


def is_class_table(statement):
    """``_handlers: ClassVar[...]`` is replaced for each class when that is made."""
    return isinstance(statement, ast.AnnAssign) and "ClassVar" in ast.unparse(statement.annotation)


def changes(path):
    """Give ``(node, name)`` for everything that changes a name's object in place."""
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CHANGING and isinstance(node.func.value, ast.Name):
            yield node, node.func.value.id
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del) and isinstance(node.value, ast.Name):
            yield node, node.value.id
