"""What makes the book publishable by anyone who forks it, as far as it can be tried offline."""

import json
import re
from types import SimpleNamespace

import pytest
import yaml

from hypergan import online
from hypergan.paths import PROJECT

WORKFLOWS = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))


@pytest.fixture
def no_repository(monkeypatch):
    monkeypatch.delenv("HYPERGAN_REPOSITORY", raising=False)
    monkeypatch.delenv("HYPERGAN_BRANCH", raising=False)
    monkeypatch.setattr(online.yaml, "safe_load", lambda _: {})


class App:
    """Sphinx, as far as the extension meets it."""

    def __init__(self):
        self.hooks, self.extensions = [], []
        self.config = SimpleNamespace(html_theme_options={"repository_url": "", "other": 1})
        online.setup(self)
        self.call("config-inited", self.config)

    def connect(self, event, hook, priority=500):
        self.hooks.append((event, hook))

    def setup_extension(self, name):
        self.extensions.append(name)

    def call(self, event, *arguments):
        for name, hook in self.hooks:
            if name == event:
                hook(self, *arguments)


def options_of_the_book():
    """The theme's options after Sphinx has called the extension."""
    return App().config.html_theme_options


@pytest.mark.usefixtures("no_repository")
def test_without_a_repository_there_are_no_buttons():
    assert options_of_the_book() == {"other": 1}


@pytest.mark.usefixtures("no_repository")
def test_one_setting_gives_all_buttons(monkeypatch):
    monkeypatch.setattr(
        online.yaml, "safe_load", lambda _: {"repository": {"url": "https://github.com/a/b/"}}
    )
    options = options_of_the_book()
    assert options["repository_url"] == "https://github.com/a/b"
    assert options["repository_branch"] == "main"
    assert [name for name, value in options.items() if value is True] == [
        "use_repository_button",
        "use_edit_page_button",
        "use_issues_button",
    ]
    assert {"binderhub_url", "colab_url"} <= options["launch_buttons"].keys()
    assert (PROJECT / options["path_to_docs"] / "_config.yml").exists()


@pytest.mark.usefixtures("no_repository")
def test_a_workflow_sets_it_by_the_environment(monkeypatch):
    monkeypatch.setenv("HYPERGAN_REPOSITORY", "https://github.com/c/d")
    monkeypatch.setenv("HYPERGAN_BRANCH", "trunk")
    options = options_of_the_book()
    assert (options["repository_url"], options["repository_branch"]) == (
        "https://github.com/c/d",
        "trunk",
    )


@pytest.mark.parametrize(
    ("repository", "site"),
    [
        ("https://github.com/Ann/Book.git", "https://ann.github.io/Book/"),
        ("https://github.com/Ann/ann.github.io", "https://ann.github.io/"),
        ("https://codeberg.org/ann/book", ""),
    ],
)
def test_the_published_book_has_an_address_where_it_is_known(monkeypatch, repository, site):
    monkeypatch.setenv("HYPERGAN_REPOSITORY", repository)
    assert online.site() == site
    app = App()
    assert app.config.html_baseurl == app.config.ogp_site_url == site
    assert app.config.ogp_social_cards == {"enable": bool(site)}
    assert app.extensions == (["sphinx_sitemap"] if site else [])


@pytest.mark.usefixtures("no_repository")
def test_a_notebook_alone_says_how_to_get_the_package(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ModuleNotFoundError, match="set `repository`"):
        exec(online.first_cell(), {})


@pytest.mark.usefixtures("no_repository")
def test_a_notebook_alone_installs_the_package_from_its_repository(monkeypatch):
    commands = []
    monkeypatch.setenv("HYPERGAN_REPOSITORY", "https://github.com/c/d")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setattr("subprocess.run", lambda command, check: commands.append(command))
    monkeypatch.setattr("sys.path", [])
    exec(online.first_cell(), {})
    clone, install = commands
    assert clone[:2] == ["git", "clone"]
    assert "https://github.com/c/d" in clone
    assert install[-1] == f"./{clone[-1]}[experiments]"


@pytest.mark.parametrize("address", ['https://a.b/"; import evil; "', "https://a.b/'\\\n{x}é"])
def test_whatever_the_address_is_it_stays_an_address(address, monkeypatch):
    monkeypatch.setenv("HYPERGAN_REPOSITORY", address)
    (line,) = re.findall("^repository = .*", online.first_cell(), re.MULTILINE)
    found = {}
    exec(line, found)
    assert found["repository"] == address


def test_a_notebook_beside_the_package_installs_nothing(monkeypatch):
    monkeypatch.setattr("subprocess.run", lambda *_, **__: pytest.fail("it ran something"))
    exec(online.first_cell(), {})


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_by_digest(workflow):
    steps = re.findall(r"uses: *(.*)", workflow.read_text())
    assert steps
    for step in steps:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", step), step


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_ask_for_no_more_than_they_need(workflow):
    content = yaml.safe_load(workflow.read_text())
    assert content["permissions"] == {"contents": "read"}
    for job in content["jobs"].values():
        assert set(job.get("permissions", {})) <= {"pages", "id-token"}
        for step in job["steps"]:
            if step.get("run", "").startswith("make "):
                target = step["run"].split()[1]
                assert f"\n{target}: " in (PROJECT / "Makefile").read_text()


def test_zenodo_repeats_the_citation():
    zenodo = json.loads((PROJECT / ".zenodo.json").read_text())
    citation = yaml.safe_load((PROJECT / "CITATION.cff").read_text())
    assert zenodo["title"] == citation["title"]
    assert zenodo["license"] == citation["license"].lower()
    assert zenodo["keywords"] == citation["keywords"]
    assert [author["name"] for author in zenodo["creators"]] == [
        author["name"] for author in citation["authors"]
    ]
    (paper,) = zenodo["related_identifiers"]
    assert paper["identifier"] == citation["preferred-citation"]["url"]
