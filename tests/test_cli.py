"""The command line as a user meets it: what it does, and the one line it says when it cannot."""

from __future__ import annotations

import json
import shutil
import sys

import pandas as pd
import pytest

from paperknife import cli
from paperknife.events.log import write_events
from paperknife.model.bundle import default_model_folder
from paperknife.worlds.world import simulate


@pytest.fixture(autouse=True)
def _own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("PAPERKNIFE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a command; return exit code, standard output and error."""

    def run_command(*arguments):
        monkeypatch.setattr(sys, "argv", ["paperknife", *map(str, arguments)])
        try:
            cli.main()
            code = 0
        except SystemExit as ended:
            code = ended.code or 0
        said = capsys.readouterr()
        return code, said.out, said.err

    return run_command


@pytest.fixture(scope="module")
def sender(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sender")
    simulate(folder, "plain", 1_200, 3)
    return folder


SENDGRID = [
    {
        "email": "reader@example.com",
        "event": "delivered",
        "timestamp": 1772442000,
        "sg_event_id": "e1",
        "sg_message_id": "m1.x",
    },
    {
        "email": "reader@example.com",
        "event": "open",
        "timestamp": 1772442012,
        "sg_event_id": "e2",
        "sg_message_id": "m1.x",
        "useragent": "Mozilla/5.0",
        "ip": "172.225.10.20",
        "sg_machine_open": True,
    },
    {
        "email": "reader@example.com",
        "event": "open",
        "timestamp": 1772442012,
        "sg_event_id": "e2",
        "sg_message_id": "m1.x",
        "useragent": "Mozilla/5.0",
        "ip": "172.225.10.20",
        "sg_machine_open": True,
    },
    {
        "email": "reader@example.com",
        "event": "deferred",
        "timestamp": 1772442012,
        "sg_event_id": "e3",
        "sg_message_id": "m1.x",
    },
]


def test_from_payload_to_verdict(run, tmp_path):
    (tmp_path / "events.json").write_text(json.dumps(SENDGRID))
    code, out, _ = run("ingest", "--provider", "sendgrid", "events.json", "--out", "log")
    assert code == 0
    assert "1 duplicates were dropped" in out
    assert "deferred (1)" in out
    code, out, _ = run("score", "log", "--out", "verdicts.parquet", "--reasons")
    assert code == 0
    assert "1 verdict:" in out
    verdict = pd.read_parquet("verdicts.parquet").iloc[0]
    assert verdict["event_id"] == "sendgrid:e2"
    assert verdict["p_human"] + verdict["p_prefetch"] + verdict["p_machine"] == pytest.approx(1)
    assert verdict["mechanism"] == "apple_relay"
    assert len(verdict["reasons"]) > 0
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.name != "events.json":
            assert b"reader@" not in path.read_bytes()


def test_evaluate_finds_the_log_of_its_verdicts(run, sender, tmp_path):
    assert run("score", sender / "log", "--out", "v.parquet")[0] == 0
    code, out, _ = run(
        "evaluate", "v.parquet", "--truth", sender / "truth_opens.parquet", "--report", "r.html"
    )
    assert code == 0
    assert "ua_exact" in out or "Mozilla/5.0" in out
    assert (tmp_path / "r.html").read_text().startswith("<!doctype html>")


def test_log_check_and_summary(run, sender):
    assert "delivered event" in run("log", "check", sender / "log")[1]
    assert "messages" in run("log", "summary", sender / "log")[1]


def test_simulate_writes_a_log_and_its_truth_apart(run, tmp_path):
    assert run("simulate", "--out", "s", "--messages", 300, "--family", "sales_mail")[0] == 0
    assert {p.name for p in (tmp_path / "s").iterdir()} >= {
        "log",
        "truth_opens.parquet",
        "truth_messages.parquet",
    }


def test_model_commands(run):
    assert "default model" in run("model", "show")[1]
    assert len(run("model", "default")[1].split()) == 2
    assert "timing:prefetch" in run("model", "reasons")[1]


def test_version(run):
    assert run("--version")[1].startswith("paperknife 0.")


def csv(text):
    return lambda folder: (folder / "log.csv").write_text(text)


ROW = "event_id,event_type,occurred_at,message_id\n"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (csv("event_id,type,occurred_at,message_id\ne,open,2026-01-31T09:00:00Z,m\n"), "event_type"),
        (csv(ROW + "e,open,2026-01-31T09:00:00,m\n"), "zone"),
        (csv(ROW), "no events"),
        (csv(""), "empty"),
        (lambda folder: (folder / "log.parquet").write_text(ROW), "not what its name says|no Parquet"),
    ],
)
def test_bad_logs_get_one_line_and_exit_1(run, tmp_path, make, message):
    make(tmp_path)
    file = next(p for p in tmp_path.iterdir() if p.name.startswith("log"))
    code, out, err = run("score", file, "--out", "v.parquet")
    assert (code, out) == (1, "")
    assert err.startswith("paperknife: ")
    assert pd.Series([err]).str.contains(message, case=False).all(), err
    assert "Traceback" not in err
    assert not (tmp_path / "v.parquet").exists()


def test_a_log_of_opens_only_is_scored(run, tmp_path):
    write_events(
        pd.DataFrame(
            {
                "event_id": ["e"],
                "event_type": ["open"],
                "message_id": ["m"],
                "occurred_at": pd.to_datetime(["2026-01-31T09:00:00Z"]),
            }
        ),
        tmp_path / "log.parquet",
    )
    assert run("score", "log.parquet", "--out", "v.parquet")[0] == 0
    assert pd.read_parquet("v.parquet")["evidence"].tolist() == ["time_only"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ingest", "--provider", "sengrid", "x.json", "--out", "log"], "Did you mean 'sendgrid'?"),
        (["score", "nowhere", "--out", "v.parquet"], "nowhere"),
        (["score", "{log}", "--out", "v.parquet", "--model", "nowhere"], "There is no model at nowhere"),
        (["score", "{log}", "--out", "v.parquet", "--horizon", "setled"], "Did you mean 'settled'?"),
        (["score", "{log}", "--out", "v.parquet", "--preset", "notfy"], "Did you mean 'notify'?"),
        (["evaluate", "nowhere.parquet", "--truth", "t.parquet"], "The verdict file is not there"),
        (["simulate", "--out", "s", "--family", "sales"], "There is no family 'sales'"),
        (["networks", "show", "1.2.3"], "no IP address"),
    ],
)
def test_wrong_names_get_one_line_and_exit_1(run, sender, arguments, message):
    code, _, err = run(*[argument.format(log=sender / "log") for argument in arguments])
    assert code == 1
    assert message in err
    assert err.startswith("paperknife: ")
    assert len(err.strip().splitlines()) == 1


def test_wrong_usage_exits_2(run):
    assert run("score")[0] == 2
    assert run("score", "log", "--out", "v.parquet", "--as-of", "yesterdayish")[0] == 2


def test_a_changed_model_is_refused(run, sender, tmp_path):
    model = shutil.copytree(default_model_folder(), tmp_path / "model")
    (model / "calibration.json").write_text((model / "calibration.json").read_text() + " ")
    code, _, err = run("score", sender / "log", "--out", "v.parquet", "--model", model)
    assert code == 1
    assert "calibration.json" in err
    assert "is not what was saved" in err


def test_a_missing_extra_names_what_installs_it(run, sender, monkeypatch):
    monkeypatch.setattr(cli, "find_spec", lambda _: None)
    code, _, err = run("train", sender / "log", "--out", "m")
    assert code == 1
    assert "pip install 'paperknife[train]'" in err


def test_every_command_and_option_has_help():
    import typer.main

    def walk(command, path):
        for parameter in command.params:
            assert getattr(parameter, "help", None), f"{path} {parameter.name} has no help"
        for name, child in getattr(command, "commands", {}).items():
            assert child.help, f"{path} {name} has no help"
            walk(child, f"{path} {name}")

    walk(typer.main.get_command(cli.app), "paperknife")


@pytest.fixture
def own_tracking(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/runs.db")


@pytest.mark.usefixtures("own_tracking")
def test_train_register_and_score_with_what_was_registered(run, sender, tmp_path):
    code, out, err = run("train", sender / "log", "--out", "my-model", "--register", "opens")
    assert code == 0, err
    assert "Registered as models:/opens@champion" in out
    assert "Kept: " in out
    assert run("score", sender / "log", "--out", "a.parquet", "--model", "my-model")[0] == 0
    assert run("score", sender / "log", "--out", "b.parquet", "--model", "models:/opens@champion")[0] == 0
    pd.testing.assert_frame_equal(pd.read_parquet("a.parquet"), pd.read_parquet("b.parquet"))
    code, _, err = run("score", sender / "log", "--out", "c.parquet", "--model", "models:/opens@nobody")
    assert code == 1
    assert "gave no model for models:/opens@nobody" in err


@pytest.mark.usefixtures("own_tracking")
def test_a_name_that_mlflow_refuses_keeps_the_model(run, sender, tmp_path):
    code, _, err = run("train", sender / "log", "--out", "my-model", "--register", "bad/name:x")
    assert code == 1
    assert "The model is saved in my-model, but its run is not in MLflow" in err
    assert "Traceback" not in err
    assert (tmp_path / "my-model" / "manifest.json").exists()


def test_a_model_never_replaces_other_files(run, sender, tmp_path):
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "manifest.json").write_text("{}")
    (tmp_path / "web" / "app.js").write_text("x")
    code, _, err = run("train", sender / "log", "--out", "web")
    assert code == 1
    assert "is not empty and holds no model" in err
    assert (tmp_path / "web" / "app.js").read_text() == "x"


def test_the_demo_does_the_whole_way(run, tmp_path):
    code, out, err = run("demo", "--messages", 2_500)
    assert code == 0, err
    assert "messages were opened" in out.splitlines()[0]
    for said in ("The model and the published rules", "Inside Apple", "report.html", "Next"):
        assert said in out
    page = (tmp_path / "demo" / "report.html").read_text()
    assert "<svg" in page
    assert "http-equiv" in page  # its policy forbids every request


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--memory", "lots"], "A memory bound of 'lots' cannot be read"),
        (["--model", "my[/x]"], "There is no model at my[/x]"),
    ],
)
def test_odd_options_get_one_line(run, sender, arguments, message):
    code, _, err = run("score", sender / "log", "--out", "v.parquet", *arguments)
    assert code == 1
    assert message in err


def test_a_part_of_a_log_has_no_rate(run, sender):
    whole = run("score", sender / "log", "--out", "v.parquet")[1]
    part = run("score", sender / "log", "--out", "v.parquet", "--as-of", "2020-01-01T00:00:00Z")[1]
    assert "delivered messages were opened" in whole
    assert "delivered messages" not in part


def test_a_place_that_cannot_be_written_gets_one_line(run, sender, tmp_path):
    (tmp_path / "file").write_text("x")
    code, _, err = run("score", sender / "log", "--out", "file/v.parquet")
    assert code == 1
    assert err.startswith("paperknife: ")
