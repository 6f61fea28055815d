"""What is built is whole: source distribution, wheel, installation, and a gateway that runs from it anywhere."""

import os
import signal
import site
import subprocess
import sys
import sysconfig

import pytest
from house.tree import copy_to

pytestmark = pytest.mark.timeout(300)
LIMIT_S = 200
END_LIMIT_S = 40


def run(*words, cwd, env=None, code=0):
    done = subprocess.run([str(word) for word in words], cwd=cwd, env=env, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == code, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build the wheel by way of the source distribution, without the network; gives its path and what the builder said."""
    folder = tmp_path_factory.mktemp("built")
    said = run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder / "dist", cwd=copy_to(folder / "source"))
    (wheel,) = (folder / "dist").glob("*.whl")
    return wheel, said


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    """Install it into an environment of its own, which sees the libraries of this one; gives its bin folder."""
    home = tmp_path_factory.mktemp("installed") / "env"
    run(sys.executable, "-m", "venv", "--without-pip", home, cwd=home.parent)
    python = home / "bin" / "python"
    run(sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python, "install", "--quiet", "--no-deps", "--no-index", built[0], cwd=home.parent)
    (packages,) = home.glob("lib/python*/site-packages")
    seen = dict.fromkeys([sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *site.getsitepackages()])
    (packages / "beside.pth").write_text("\n".join(seen) + "\n")
    return home / "bin"


@pytest.fixture
def elsewhere(tmp_path):
    """A folder with nothing of ours in sight, and the environment of a stranger."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    env = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "OTPPI_"))}
    return folder, {**env, "OTPPI_ADMIN_HOST": "127.0.0.1", "OTPPI_ADMIN_PORT": "0", "XDG_RUNTIME_DIR": str(tmp_path)}


def test_the_builder_has_nothing_to_complain_of(built):
    _, said = built
    complaints = [line for line in said.splitlines() if "deprecat" in line.lower() or ("warning" in line.lower() and "byte-compiling" not in line)]
    assert not [line for line in complaints if "is ignored: it is neither a file nor a directory" not in line], said


def test_the_installed_package_finds_the_files_that_ship_with_it(installed, elsewhere):
    folder, env = elsewhere
    code = ("import otppi, actors; from otppi.paths import shipped; "
            "print(otppi.__file__, actors.__file__, shipped('conf') / 'otppi.toml', shipped('webroot') / 'static' / 'robots.txt', sep='\\n')")
    paths = run(installed / "python", "-c", code, cwd=folder, env=env).splitlines()
    assert all(path.startswith(str(installed.parent)) for path in paths), paths
    assert all(os.path.isfile(path) for path in paths), paths  # noqa: PTH113  # as they were printed


def test_the_installed_command_helps_and_checks(installed, elsewhere):
    folder, env = elsewhere
    assert "virtual-modem" in run(installed / "otppi", "--help", cwd=folder, env=env)
    conf = run(installed / "python", "-c", "from otppi.paths import shipped; print(shipped('conf') / 'otppi.toml')", cwd=folder, env=env).strip()
    assert "in order" in run(installed / "otppi", "check", "--site", conf, "--data-dir", folder / "data", cwd=folder, env=env)


def test_the_installed_gateway_gets_ready_and_ends_on_sigterm(installed, elsewhere):
    folder, env = elsewhere
    settings = folder / "api.json"
    settings.write_text('{"host": "127.0.0.1", "http_port": 0}')
    run(installed / "otppi", "settings", "set", "api", settings, "--data-dir", folder / "data", cwd=folder, env=env)
    with (folder / "log").open("w") as log, subprocess.Popen(
            [installed / "otppi", "run", "--data-dir", folder / "data"], cwd=folder, env=env, stdout=subprocess.PIPE, stderr=log, text=True) as gateway:
        try:
            line = gateway.stdout.readline()
            assert line.startswith("otppi ready admin=http://127.0.0.1:"), (folder / "log").read_text()
            gateway.send_signal(signal.SIGTERM)
            assert gateway.wait(END_LIMIT_S) == 0, (folder / "log").read_text()
        finally:
            if gateway.poll() is None:
                gateway.kill()
