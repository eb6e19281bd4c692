"""The command line, and what it says when something is wrong."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from examples import CELL, edit, example

from hypergan import __version__, cli
from hypergan.__main__ import main, safely
from hypergan.experiments import cells, records, sweep
from hypergan.experiments.collection import collect
from hypergan.experiments.methods import METHODS
from hypergan.experiments.records import RECORD_VERSION, Cell
from hypergan.paths import PROJECT

CUBIC = ["run", "hypergan", "cubic", "--profile", "smoke", "--quiet"]


def fails(capsys, *arguments):
    """The one line of an error, after exit code 2."""
    assert main(list(arguments)) == 2
    output = capsys.readouterr().err
    assert output.startswith("error: ")
    assert output.count("\n") == 1
    return output


def test_run_list_and_promote(capsys, published):
    assert main([*CUBIC, "--seed", "0", "1"]) == 0
    assert capsys.readouterr().out.count("std inside") == 2
    assert main(["list", "--profile", "smoke"]) == 0
    lines = capsys.readouterr().out.splitlines()
    (run,) = [line for line in lines if line.startswith("smoke/cubic/hypergan/seed1")]
    assert run.split()[1] == "own"
    assert "std inside" in run
    (other,) = [line for line in lines if line.startswith("smoke/mnist/hypergan/seed0")]
    assert other.endswith("none")
    assert main(["promote"]) == 0
    assert capsys.readouterr().out.startswith("nothing to promote in ")
    assert "profile smoke, a check" in fails(capsys, "promote", "--profile", "smoke")
    assert not published.exists()


def test_a_record_of_a_method_that_is_gone_does_not_stop_the_others(capsys, own_runs, published):
    record = own_runs / CELL.path
    records.write(example(), {"norms_linear": np.arange(4.0)}, record)
    gone = own_runs / "lite" / "digits" / "gone" / record.name
    gone.parent.mkdir()
    gone.write_text(record.read_text())
    edit(gone, method="gone")
    assert "unknown method 'gone'" in fails(capsys, "promote", "--profile", "lite")
    assert len(list(records.paths(published))) == 1


BAD = {
    "text": lambda content: "{",
    "arrays": json.dumps,
    "metrics": lambda content: json.dumps(content | {"metrics": {"accuracy": [1]}}),
    "no metrics": lambda content: json.dumps(content | {"metrics": {}}),
    "another seed": lambda content: json.dumps(content | {"seed": 0}),
    "an option": lambda content: json.dumps(content | {"commit": "--output=evil"}),
    "settings": lambda content: json.dumps(content | {"config": {}}),
    "another version": lambda content: json.dumps(content | {"record_version": 99}),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_record_hides_no_other_whoever_reads_it(bad, capsys, own_runs, published):
    good, other = (Cell("hypergan", "digits", seed, "lite") for seed in (0, 1))
    for cell in (good, other):
        for folder in (own_runs, published):
            records.write(example(cell), {"norms_linear": np.arange(4.0)}, folder / cell.path)
    path = own_runs / other.path
    if bad == "arrays":
        path.with_suffix(".npz").write_bytes(b"altered")
    edit(path)
    path.write_text(BAD[bad](json.loads(path.read_text())))
    before = (published / good.path).read_bytes()

    assert main(["list", "--seed", "0", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    states = {line.split()[0]: line.split()[1] for line in lines}
    assert states["lite/digits/hypergan/seed0"] == "own"
    assert states["lite/digits/hypergan/seed1"] == "unusable"
    assert main(["verify"]) == 2
    told = capsys.readouterr()
    assert "lite/digits/hypergan/seed0: made alike" in told.out
    assert "seed1." in told.err
    assert main(["promote"]) == 2
    told = capsys.readouterr()
    assert "seed0.json ->" in told.out
    assert "seed1." in told.err
    assert (published / good.path).read_bytes() == before
    assert main(["claims"]) == 0
    found = collect(["hypergan"], ["digits"])
    assert [record.seed for record in found.records] == [0]
    assert list(found.missing) == [other]
    plan = sweep.Plan.of({"seeds": "0 1", "methods": "hypergan", "datasets": "digits"})
    assert [plan.record(cell) for cell in (good, other)] == [own_runs / good.path, None]
    assert fails(capsys, "run", "hypergan", "digits", "--seed", "1", "--quiet").count("seed1.")
    assert not (PROJECT / "evil").exists()


def test_list_tells_own_records_from_published_ones_and_from_begun_runs(
    capsys, own_runs, published
):
    assert main([*CUBIC, "--seed", "0"]) == 0
    own_runs.rename(published)
    assert main([*CUBIC, "--seed", "1"]) == 0
    cells.unfinished(Cell("hypergan", "cubic", 2, "smoke"))[0].touch()
    capsys.readouterr()
    assert main(["list", "--profile", "smoke", "--seed", "0", "1", "2", "3"]) == 0
    *lines, total = capsys.readouterr().out.splitlines()
    states = [line.split()[1] for line in lines if "/cubic/hypergan/" in line]
    assert states == ["published", "own", "begun", "none"]
    assert total.startswith("1 begun, ")
    assert total.endswith(" none, 1 own, 1 published")


def test_the_module_fails_without_a_traceback_and_imports_only_what_it_needs():
    command = [sys.executable, "-X", "importtime", "-m", "hypergan", "run", "gan", "mnist"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    imports, told = [], []
    for line in done.stderr.splitlines():
        (imports if line.startswith("import time:") else told).append(line)
    imported = {line.split("|")[-1].strip() for line in imports}
    assert "torch" in imported
    slow = {"matplotlib", "scipy.stats", "sklearn", "torchvision", "triton"}
    assert not slow & imported
    known = told[0].removeprefix("error: unknown method 'gan'; choose one of ").strip()
    assert set(known.split(", ")) == set(METHODS)


ASK = [sys.executable, "-m", "hypergan"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "streams", "code"),
    [
        ("list --profile paper", ">/dev/full", 2),  # there is no record to read
        ("list --profile paper", ">&- 2>&- <&-", 0),
        ("list --seed -1", "2>&-", 2),
        ("list --seed -1", "2>/dev/full", 2),
    ],
)
def test_whatever_the_streams_are_there_is_no_traceback(words, streams, code):
    command = f"{sys.executable} -m hypergan {words} {streams}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert done.returncode == code
    told = "error: No space left on device" if "2>" not in streams else ""
    assert done.stderr.startswith(told)
    assert done.stderr.count("\n") == bool(told)


@pytest.mark.slow
def test_what_the_encoding_lacks_is_shown_by_its_number():
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    for words in (["run", "\u00e9", "mnist"], ["claims"]):
        done = subprocess.run([*ASK, *words], capture_output=True, text=True, env=environment)
        assert "Traceback" not in done.stderr
    assert done.returncode == 0


@pytest.mark.slow
def test_ctrl_c_is_heard_while_the_program_starts():
    words = (
        "from hypergan.__main__ import main; print(flush=True); raise SystemExit(main(['list']))"
    )
    for wait in (0.3, 0.6, 1.2, 2.4):
        process = subprocess.Popen(
            [sys.executable, "-c", words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        process.stdout.readline()
        time.sleep(wait)
        process.send_signal(signal.SIGINT)
        told = process.communicate()[1].decode()
        # Once the command is done, Python itself ends without a word.
        assert process.returncode in (130, 0, -signal.SIGINT), told
        assert told == (STOPPED if process.returncode == 130 else ""), wait


def test_an_odd_variable_of_the_progress_bars_is_named():
    environment = os.environ | {"TQDM_MININTERVAL": "abc"}
    done = subprocess.run([*ASK, "list"], capture_output=True, text=True, env=environment)
    assert done.returncode == 2
    assert done.stderr.startswith("error: tqdm cannot read TQDM_")
    assert "this is a bug" not in done.stderr


STOPPED = "stopped\n"


def test_a_reader_that_has_seen_enough_ends_it_without_a_traceback():
    command = f"{sys.executable} -m hypergan list --profile paper | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert done.stderr == ""


@pytest.mark.parametrize("command", [[], ["run"], ["promote"], ["verify"], ["list"]])
def test_help_is_there(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([*command, "--help"])
    assert stop.value.code == 0
    assert "usage: python -m hypergan" in capsys.readouterr().out


TRY = ["try", "hypergan", "digits", "--held-out", "50"]
HUGE = str(2**63)
WRONG = {
    "unknown method 'gan'; choose one of hypergan": [
        ["run", "gan", "mnist"],
        ["try", "gan", "mnist"],
    ],
    "unknown data set 'svhn'; choose one of mnist": [["run", "hypergan", "svhn"]],
    "nuts does not run on 'mnist'": [["run", "nuts", "mnist"]],
    "seed is -1; it should be greater": [[*CUBIC, "--seed", "-1"], ["list", "--seed", "-1"]],
    "it should be less than 9223372036854775808": [
        *([*command, "--seed", HUGE] for command in (CUBIC, ["list"])),
        [*CUBIC, "--seed", str(2**64)],
    ],
    "give a whole number or auto": [
        [*command, f"--threads={odd}"] for command in (CUBIC, ["bench"]) for odd in ("abc", "1.5")
    ],
    "invalid int value": [[*CUBIC, f"--seed={odd}"] for odd in ("1.5", "abc", "", "1e3")],
    "no device": [
        [*CUBIC, f"--device={odd}"]
        for odd in ("meta", "abacus", "", "cuda:99", "mps", "hpu", "cpu;")
    ],
    "it must be from 1 to": [[*CUBIC, f"--threads={odd}"] for odd in ("0", "-1", "100000")],
    "required": [[], ["run"], ["run", "hypergan"], ["try"]],
    "invalid choice: 'x'": [
        ["x"],
        *([*c, "--profile", "x"] for c in (CUBIC, ["list"], ["claims"], ["promote"])),
    ],
    "unrecognized arguments": [
        [*CUBIC, "--wat"],
        ["clean", "now"],
        [*TRY, "--epochs=1"],
        ["list", "x"],
    ],
    "there is no record": [
        ["verify", odd] for odd in ("nothing", "../../etc/passwd", "a\nb", "seed0")
    ],
    "no published record was run again": [["verify"]],
    "cannot hold 1000000 of 1437": [["try", "hypergan", "digits", "--held-out", "1000000"]],
    "held-out images": [
        ["try", "hypergan", "cubic"],
        ["try", "hypergan", "digits", "--held-out", "0"],
    ],
    "write NAME=VALUE": [[*TRY, "epochs"]],
    "has no setting": [
        *([*TRY, odd] for odd in ("x=1", "=3", "generator=1", "self=1")),
        ["try", "apd", "digits", "chain=1"],
    ],
    "no target is named": [[*TRY, "target=1"], [*TRY, "target=[1]"]],
    "should be a valid boolean": [
        [*TRY, odd]
        for odd in ("mixer=no", "mixer=1", "mixer=", "share_images=perhaps", 'centred="yes"')
    ],
    "should be a valid integer": [
        [*TRY, odd]
        for odd in ("epochs=1.5", "epochs=true", "epochs=null", "hidden=[8]", "patience=x")
    ],
    "should be a valid number": [
        [*TRY, odd]
        for odd in ("beta=big", "checkpoint_seconds=abc", 'betas=[0.9, "x"]', "warmup=null")
    ],
    "should be a finite number": [
        [*TRY, odd] for odd in ("beta=NaN", "learning_rate=Infinity", "learning_rate=1e999")
    ],
    "fit into 64 bits": [
        [*TRY, "--seed", HUGE],
        *([*TRY, f"{name}={10**20}"] for name in ("noise_dim", "epochs", "watched")),
    ],
    "betas": [[*TRY, odd] for odd in ("betas=0.9", "betas=[0.9]", "betas=[2,3]", "betas=[]")],
    "must be": [
        [*TRY, odd]
        for odd in (
            "epochs=0",
            "hidden=0",
            "spread=-1",
            "warmup=1",
            "floor=2",
            "codes=0",
            "watched=-1",
        )
    ],
    "it should be '": [[*TRY, odd] for odd in ("schedule=linear", "precision=half")],
    "cannot split": [[*TRY, "batch_size=1"]],
}


@pytest.mark.parametrize(
    ("arguments", "message"), [(words, told) for told in WRONG for words in WRONG[told]]
)
def test_a_wrong_word_is_refused_with_a_sentence(arguments, message, capsys):
    try:
        code = main(arguments)
    except SystemExit as stop:  # argparse shows the usage above its sentence
        code = stop.code
    *usage, sentence = capsys.readouterr().err.splitlines()
    assert (code, not usage or usage[0].startswith("usage: ")) == (2, True)
    assert "error: " in sentence
    assert message in sentence
    assert "this is a bug" not in sentence


def test_a_wrong_word_is_refused_where_there_is_a_record_too(capsys, own_runs):
    assert "seed is -1" in fails(capsys, *CUBIC, "--seed", "0", "-1")
    assert not own_runs.exists()  # before anything is run
    assert main(CUBIC) == 0
    capsys.readouterr()
    assert "no device 'meta'" in fails(capsys, *CUBIC, "--device", "meta")
    assert "threads is 0" in fails(capsys, *CUBIC, "--threads", "0")


def test_missing_data_without_internet(capsys, tmp_path, monkeypatch, no_internet):
    monkeypatch.setenv("HYPERGAN_DATA", str(tmp_path / "empty"))
    message = fails(capsys, "run", "hypergan", "mnist", "--quiet")
    assert "MNIST is not in" in message
    assert "HYPERGAN_DATA" in message


def test_a_folder_that_cannot_be_written(capsys, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HYPERGAN_RUNS", str(tmp_path / "file"))
    assert "HYPERGAN_RUNS" in fails(capsys, *CUBIC)


def test_a_record_of_a_newer_version(capsys, own_runs):
    assert main(CUBIC) == 0
    capsys.readouterr()
    path = own_runs / Cell("hypergan", "cubic", 0, "smoke").path
    newer = f'"record_version": {RECORD_VERSION + 1}'
    path.write_text(path.read_text().replace(f'"record_version": {RECORD_VERSION}', newer))
    assert "update hypergan" in fails(capsys, *CUBIC)
    assert main(["list", "--profile", "smoke"]) == 0
    assert "unusable  the record" in capsys.readouterr().out


def test_an_interrupt_says_how_to_go_on(capsys, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("hypergan.experiments.cells.run", interrupt)
    monkeypatch.setattr(cli.ledger, "findings", interrupt)
    assert main(CUBIC) == 130
    assert "continues from the last checkpoint" in capsys.readouterr().err
    assert main(["claims"]) == 130
    assert capsys.readouterr().err == STOPPED


OUT_OF_MEMORY = [
    MemoryError(),
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB"),
    RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
]


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=lambda error: type(error).__name__)
def test_a_lack_of_memory_is_no_bug(error, capsys):
    def fail():
        raise error

    assert safely(fail) == 2
    assert capsys.readouterr().err.startswith("error: out of memory; close other programs")
    error = RuntimeError("shapes differ")
    assert safely(fail) == 2
    assert "this is a bug" in capsys.readouterr().err


def test_a_file_that_is_no_record_does_not_stop_the_list(capsys, own_runs):
    stray = own_runs / "smoke" / "cubic" / "hypergan" / "seed0-copy.json"
    stray.parent.mkdir(parents=True)
    stray.write_text("{}")
    assert main(["list", "--profile", "smoke"]) == 0
    assert "smoke/cubic/hypergan/seed0 " in capsys.readouterr().out


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"hypergan {__version__}\n"


def test_seeds_may_be_given_one_by_one(monkeypatch):
    asked = []
    monkeypatch.setattr(cells, "run", lambda cell, **_: asked.append(cell.seed) or example())
    for words in (["--seed", "0", "--seed", "1", "0"], []):
        assert main([*CUBIC, *words]) == 0
    assert asked == [0, 1, 0]


def test_a_method_may_be_called_by_its_title():
    for word in ("ensemble", "deep-ensemble"):
        assert cli.parser().parse_args(["run", word, "mnist"]).method == "ensemble"
