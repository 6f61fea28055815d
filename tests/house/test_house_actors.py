"""One way of talking, and nothing that waits: what the syntax tree tells of actors, domain and the modem's language."""

import ast

from house.tree import ROOT, at, calls, imports, modules, syntax

WAITS = {"ask", "proxy", "get_all", "broadcast", "stop_all", "result", "wait", "acquire"}
BLOCKING = {"asyncio", "http", "io", "multiprocessing", "os", "pathlib", "queue", "select", "selectors", "shutil", "signal", "socket",
            "ssl", "subprocess", "sys", "tempfile", "threading", "time", "urllib"}
THINKING = {"base64", "binascii", "bisect", "collections", "concurrent", "contextlib", "dataclasses", "datetime", "decimal", "enum", "functools",
            "hashlib", "heapq", "hmac", "itertools", "json", "math", "operator", "re", "secrets", "string", "struct", "typing", "unicodedata"}
"""What domain and at may take of the standard library. No thread, no file, no process, no clock, no address."""
EXCEPTED = {("otppi/domain/job.py", "time")}
"""The moment in a message's identifier, which sorts by birth; nothing is decided by it."""
TOUCHING = {"open", "print", "input", "breakpoint", "exec", "eval", "time.sleep", "sleep"}
LOCKS = {"Lock", "RLock", "Condition", "Semaphore", "BoundedSemaphore", "Barrier"}
LOCKING_ROOMS = ("otppi/adapters/", "otppi/store/", "otppi/web/", "otppi/virtual/")


def test_no_actor_waits_for_another():
    found = [f"{at(path, node)} {name}" for path in modules("actors") for node, name in calls(path) if name.rpartition(".")[2] in WAITS and "." in name]
    assert not found, "tell, with a reply port"


def test_only_the_supervisor_stops_an_actor_other_than_itself_and_within_a_limit():
    found = [(at(path, node).partition(":")[0], {word.arg for word in node.keywords})
             for path in modules("actors") for node, name in calls(path) if name.endswith(".stop") and name != "self.stop"]
    assert found == [("actors/supervisor.py", {"timeout"})]


def test_actors_neither_block_nor_touch_the_system():
    found = [f"{at(path, node)} imports {name}" for path in modules("actors") for node, name, _ in imports(path) if name.partition(".")[0] in BLOCKING]
    found += [f"{at(path, node)} calls {name}" for path in modules("actors") for node, name in calls(path) if name in TOUCHING]
    assert not found, "it belongs to an adapter, which tells its result"


def test_domain_and_at_only_think():
    found = []
    for path in modules("otppi/domain", "otppi/at"):
        for node, name, _ in imports(path):
            top = name.partition(".")[0]
            if top not in THINKING | {"otppi"} and (at(path, node).partition(":")[0], name) not in EXCEPTED:
                found.append(f"{at(path, node)} imports {name}")
        found += [f"{at(path, node)} calls {name}" for node, name in calls(path) if name in TOUCHING]
    assert not found, "add it to THINKING only if it starts no thread and reaches nothing outside the process"


def test_the_domain_may_pass_a_future_on_but_starts_no_executor():
    names = {(name, what) for path in modules("otppi/domain", "otppi/at") for _, name, what in imports(path) if name.startswith("concurrent")}
    assert names <= {("concurrent.futures", "Future")}


def test_locks_are_only_where_threads_of_strangers_meet_and_say_what_they_guard():
    found = []
    for path in modules("otppi", "actors"):
        home = path.relative_to(ROOT).as_posix().startswith(LOCKING_ROOMS)
        explained = set()
        for node in ast.walk(syntax(path)):
            if isinstance(node, ast.ClassDef) and "lock" in (ast.get_docstring(node) or "").lower():
                explained |= set(ast.walk(node))
        lines = path.read_text("utf-8").splitlines()
        for node in makers(path, LOCKS):
            if not home:
                found.append(f"{at(path, node)} has a lock in a room that needs none")
            elif node not in explained and "#" not in lines[node.lineno - 1]:
                found.append(f"{at(path, node)} does not say what its lock guards: in the class's docstring or beside it")
    assert not found


def makers(path, wanted):
    """Give the calls of these names of ``threading``, however they were imported."""
    imported = {name for _, module, name in imports(path) if module == "threading" and name in wanted}
    return [node for node, name in calls(path) if name in imported | {f"threading.{name}" for name in wanted}]


def test_no_thread_is_a_timer():
    found = [at(path, node) for path in modules("otppi", "actors") for node in makers(path, {"Timer"})]
    assert not found, "there is one clock: adapters/clock"


def test_no_actor_has_two_handlers_for_one_message():
    found = []
    for path in modules("actors"):
        for klass in (node for node in ast.walk(syntax(path)) if isinstance(node, ast.ClassDef)):
            marked = [mark.args[0].id for method in klass.body if isinstance(method, ast.FunctionDef) for mark in method.decorator_list
                      if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Name) and mark.func.id == "handles" and isinstance(mark.args[0], ast.Name)]
            found += [f"{path.name} {klass.name}: two handlers for {name}" for name in set(marked) if marked.count(name) > 1]
    assert not found
