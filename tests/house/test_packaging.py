"""What is installed: declared and justified dependencies, few and lazy public names, a whole wheel."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import paperknife
from paperknife.events.connectors.column_map import shipped_maps

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
HEAVY = {
    "duckdb",
    "fastapi",
    "lightgbm",
    "matplotlib",
    "mlflow",
    "numpy",
    "pandas",
    "pyarrow",
    "rich",
    "scipy",
    "sklearn",
    "typer",
}


def plain_name(requirement):
    """Return the normalised name of a requirement: 'UA_Parser[regex]>=1; …' -> 'ua-parser'."""
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement).group()).lower()


def declared():
    """Return what each extra declares, by name; '' is the core."""
    extras = {"": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}
    return {
        extra: {plain_name(one) for one in requirements} - {"paperknife"}
        for extra, requirements in extras.items()
    }


def imported():
    """Return the top-level modules that the package imports anywhere, with a file that does."""
    found = {}
    for path in sorted((ROOT / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module]
            found |= {name.partition(".")[0]: path.relative_to(ROOT) for name in names}
    return {
        name: path for name, path in found.items() if name not in {*sys.stdlib_module_names, "paperknife"}
    }


def loaded_by(code):
    """Return which of the heavy libraries a fresh Python has loaded after running the code."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return HEAVY & set(done.stdout.split())


@pytest.mark.parametrize("name", sorted(set().union(*declared().values())))
def test_every_dependency_is_justified(name):
    rows = [line for line in (ROOT / "CONTRIBUTING.md").read_text().splitlines() if line.startswith("|")]
    justified = [line for line in rows if f"`{name}`" in line]
    assert justified, f"CONTRIBUTING.md says nowhere why {name} is needed"


def test_no_dependency_is_justified_that_is_gone():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    table = text.partition("## Dependencies")[2]
    justified = set(re.findall(r"`([\w-]+)`", "\n".join(re.findall(r"^\| (`.*?) \|", table, re.MULTILINE))))
    assert justified == set().union(*declared().values())


def test_everything_imported_is_declared():
    distributions = packages_distributions()
    users = set().union(*(declared()[extra] for extra in ("", "train", "service", "spark", "redis")))
    undeclared = {
        name: str(path)
        for name, path in imported().items()
        if not users & {plain_name(one) for one in distributions.get(name, [name])}
    }
    assert undeclared == {}


def test_everything_declared_is_pinned():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.lstrip().startswith("#")]
    assert set().union(*declared().values()) <= {plain_name(line) for line in pins}
    exact = re.compile(r"[\w.-]+==[\w.]+( ; [^#]+)?( *# via .*)?")
    assert [line for line in pins if not exact.fullmatch(line)] == []


def test_the_public_names_are_few_and_all_there():
    assert len(paperknife.__all__) <= 15
    assert paperknife.__all__ == sorted(paperknife.__all__)
    assert set(paperknife.__all__) <= set(dir(paperknife))
    for name in paperknife.__all__:
        assert getattr(paperknife, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'paperknife' has no attribute 'no_such_name'"):
        paperknife.no_such_name  # noqa: B018  the access is what is tested


def test_a_name_whose_library_is_absent_says_what_installs_it():
    code = "import sys; sys.modules['sklearn'] = None; import paperknife; paperknife.OpenClassifier"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    last = done.stderr.splitlines()[-1]
    assert "MissingExtraError: paperknife.OpenClassifier needs the 'train' extra" in last
    assert "pip install 'paperknife[train]'" in last


def test_the_version_is_the_packages():
    assert paperknife.__version__ == PROJECT["version"]


def test_importing_paperknife_loads_nothing_heavy():
    assert loaded_by("import paperknife; paperknife.__version__; paperknife.PaperknifeError") == set()


def test_the_command_line_starts_without_the_heavy_libraries():
    assert loaded_by("import paperknife.cli") <= {"rich", "typer"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel as an installer would, but with the hatchling that is here."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    return next(folder.glob("paperknife-*.whl"))


def test_the_wheel_holds_code_data_model_and_licence(wheel):
    held = set(zipfile.ZipFile(wheel).namelist())
    source = {
        str(path.relative_to(ROOT / "src"))
        for path in (ROOT / "src" / "paperknife").rglob("*")
        if path.is_file() and path.suffix not in {".pyc", ".pyo"}
    }
    assert {".py", ".sql", ".toml", ".html"} <= {Path(name).suffix for name in source}
    assert source <= held
    maps = {f"paperknife/events/connectors/column_maps/{name}.toml" for name in shipped_maps()}
    assert "paperknife/events/connectors/column_maps/segment.toml" in maps
    assert maps <= held
    model = {f"paperknife/models/default/{path.name}" for path in (ROOT / "models" / "default").iterdir()}
    assert "paperknife/models/default/manifest.json" in model
    assert model | {f"paperknife/models/label_model_{name}.txt" for name in ("people", "machines")} <= held
    assert any(name.endswith("licenses/LICENSE") for name in held)


def test_the_wheel_alone_imports_and_finds_its_model(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = (
        "import paperknife, paperknife.model.bundle as bundle; "
        "print(paperknife.__file__); print(bundle.default_model_folder()); print(paperknife.load_model().model_id); "
        "import paperknife.labels.label_model as labels; "
        "[labels.LabelModel.load(name) for name in labels.CLUES_TO]; "
        "print(*map(labels.label_model_file, labels.CLUES_TO), sep='\\n')"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    where, model_folder, model_id, *label_models = done.stdout.splitlines()
    assert len(label_models) == 2
    for place in (where, model_folder, *label_models):
        assert place.startswith(str(tmp_path))
    assert model_id
