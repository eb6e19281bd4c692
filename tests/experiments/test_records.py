import json
import os
import random
import shutil
from dataclasses import replace

import numpy as np
import pytest
from examples import CELL, edit, example

from hypergan.errors import RecordError, SettingsError, StorageError
from hypergan.experiments import records
from hypergan.experiments.methods import settings_for
from hypergan.experiments.records import RECORD_VERSION, Cell
from hypergan.paths import sha256

ARRAYS = {"norms_linear": np.arange(4.0)}


@pytest.fixture
def written(own_runs):
    path = own_runs / CELL.path
    records.write(example(), ARRAYS, path)
    return path


def test_a_record_is_read_as_it_was_written(written):
    record = records.read(written)
    assert record == replace(example(), wall_seconds=1.23457, arrays_sha256=record.arrays_sha256)
    assert record.cell == CELL
    assert record.path == written
    assert np.array_equal(record.arrays["norms_linear"], ARRAYS["norms_linear"])


def test_its_path_says_what_it_is():
    assert CELL.path.as_posix() == "lite/digits/hypergan/seed3.json"
    assert CELL.command == "python -m hypergan run hypergan digits --seed 3 --profile lite"


def test_a_kill_between_arrays_and_record_leaves_no_record(own_runs, monkeypatch):
    def killed(path, text):
        raise KeyboardInterrupt

    monkeypatch.setattr(records, "write_text", killed)
    with pytest.raises(KeyboardInterrupt):
        records.write(example(), ARRAYS, own_runs / CELL.path)
    assert records.find(CELL) is None


def test_a_kill_between_new_arrays_and_record_is_told(written, monkeypatch):
    monkeypatch.setattr(records, "write_text", lambda *_: None)
    records.write(example(), {"norms_linear": np.arange(5.0)}, written)
    with pytest.raises(RecordError, match="arrays .* were altered; run the cell again with .*--f"):
        records.find(CELL)


def test_a_cell_that_was_never_run_has_none():
    assert records.find(CELL) is None


def test_runs_come_before_the_published(written, published):
    records.write(example(device="another"), ARRAYS, published / CELL.path)
    record = records.find(CELL)
    assert (record.device, record.path) == ("cpu", written)
    written.unlink()
    assert records.find(CELL).device == "another"


DAMAGE = {
    "cut off": (lambda path: path.write_text(path.read_text()[:50]), "damaged"),
    "not a record": (lambda path: path.write_text("[]"), "version None"),
    "a key is missing": (lambda path: edit(path, extra=1), r"damaged \(extra: Unexpected"),
    "newer": (lambda path: edit(path, record_version=RECORD_VERSION + 1), "update hypergan"),
    "older": (lambda path: edit(path, record_version=RECORD_VERSION - 1), "run its cell again"),
    "other settings": (
        lambda path: edit(path, config={"validation": 7}),
        "made with other settings .*--seed 3 --profile lite --force",
    ),
    "of another seed": (lambda path: edit(path, seed=4), "belongs to .*seed4.json; move it there"),
    "of another method": (lambda path: edit(path, method="ensemble"), "belongs to .*/ensemble/"),
    "a directory": (lambda path: (path.unlink(), path.mkdir()), "damaged"),
    "nested": (lambda path: path.write_text("[" * 100_000), "damaged"),
    "no file": (lambda path: (path.unlink(), os.mkfifo(path)), "it is not a file"),
    "without its arrays": (lambda path: path.with_suffix(".npz").unlink(), "are missing; run"),
    "with others": (lambda path: path.with_suffix(".npz").write_bytes(b"x"), "altered; run"),
    "bytes": (lambda path: path.write_bytes(b"\xff\x00"), "damaged"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_not_the_asked_record_is_refused_with_the_way_out(damage, written):
    spoil, message = DAMAGE[damage]
    spoil(written)
    with pytest.raises(RecordError, match=message):
        records.find(CELL)


def test_a_hundred_altered_bits_of_a_record_are_refused(written):
    """None is in the name of its sha256, without which it is one of an earlier version."""
    assert records.find(CELL)
    content, moments = written.read_bytes(), random.Random(0)
    name = content.index(b"record_sha256")
    for place in moments.sample([*range(name), *range(name + 13, len(content))], 100):
        damaged = bytearray(content)
        damaged[place] ^= 1 << moments.randrange(8)
        written.write_bytes(damaged)
        with pytest.raises(RecordError):
            records.find(CELL)


def test_a_repeated_key_is_refused(written):
    edit(written)
    text = written.read_text()
    assert records.find(CELL)
    written.write_text(text.replace('"seed": 3', '"seed": 4, "seed": 3'))
    with pytest.raises(RecordError, match="a key is repeated"):
        records.find(CELL)


def test_a_published_record_is_held_to_the_list(written, published):
    destination = records.promote(written)
    lines = (published / "SHA256SUMS").read_text()
    assert lines == f"{sha256(destination)}  lite/digits/hypergan/seed3.json\n"
    other = replace(CELL, seed=4)
    records.write(example(other), ARRAYS, written.with_name("seed4.json"))
    with pytest.raises(RecordError, match="does not list .*seed4.json; publish it"):
        records.read(shutil.copy(written.with_name("seed4.json"), published / other.path))
    records.promote(written.with_name("seed4.json"))
    assert (published / "SHA256SUMS").read_text().count("\n") == 2
    assert records.find(other, [published])
    edit(destination, metrics={"accuracy": {"1": 91.0}})
    with pytest.raises(RecordError, match="not the published one: .*with `git checkout`"):
        records.find(CELL, [published])


def test_altered_arrays_are_refused(written):
    arrays = written.with_suffix(".npz")
    arrays.write_bytes(arrays.read_bytes()[:-1] + b"x")
    with pytest.raises(RecordError, match="altered; run the cell again"):
        _ = records.read(written).arrays
    arrays.unlink()
    with pytest.raises(RecordError, match="missing; run the cell again"):
        _ = records.read(written).arrays


def test_arrays_are_held_for_a_few_records_alone_and_for_reading(own_runs):
    many = []
    for seed in range(30):
        cell = replace(CELL, seed=seed)
        records.write(example(cell), {"x": np.full(3, seed)}, own_runs / cell.path)
        many.append(records.find(cell).arrays)
    found = [arrays["x"] for arrays in many]
    assert many[-1]["x"] is found[-1]
    assert many[0]["x"] is not found[0]
    assert [list(arrays["x"]) for arrays in many] == [[seed] * 3 for seed in range(30)]
    with pytest.raises(ValueError, match="read-only"):
        found[0][0] = 7


def test_what_seeds_have_in_common_is_held_once(own_runs):
    for seed in range(2):
        records.write(
            example(replace(CELL, seed=seed)),
            ARRAYS,
            own_runs / CELL.path.with_name(f"seed{seed}.json"),
        )
    one, other = (records.find(replace(CELL, seed=seed)) for seed in range(2))
    assert one.config is other.config


def test_a_record_that_is_not_finite_is_not_written(own_runs):
    with pytest.raises(RecordError, match="NaN or infinite"):
        records.write(example(metrics={"x": float("nan")}), ARRAYS, own_runs / CELL.path)
    assert records.find(CELL) is None


def test_promoting_copies_record_and_arrays(written, published):
    destination = records.promote(written)
    assert destination == published / CELL.path
    written.unlink()
    assert records.find(CELL).path == destination
    assert np.array_equal(records.read(destination).arrays["norms_linear"], ARRAYS["norms_linear"])


def test_only_good_records_of_real_data_are_promoted(own_runs, published):
    for cell, reason in ((replace(CELL, profile="smoke"), "profile smoke"), (CELL, "stand-in")):
        path = own_runs / cell.path
        records.write(example(cell, stand_in=True), ARRAYS, path)
        with pytest.raises(RecordError, match=reason):
            records.promote(path)
    edit(path, config={})
    with pytest.raises(RecordError, match="other settings"):
        records.promote(path)
    assert not published.exists()


@pytest.mark.parametrize("commit", ["unknown", "0" * 40 + "-dirty"])
def test_a_record_of_code_that_no_commit_holds_is_not_promoted(commit, written, published):
    edit(written, commit=commit)
    advice = f"commit the changes .*again with `{CELL.command} --force`"
    with pytest.raises(RecordError, match=rf"code that is not committed \({commit}\); {advice}"):
        records.promote(written)
    assert not published.exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write to .*file.*HYPERGAN_RUNS"):
        records.write(example(), ARRAYS, tmp_path / "file" / "record.json")


@pytest.mark.parametrize(
    "wrong",
    [
        *({"seed": seed} for seed in (-1, 2**63, 2**64, True, 1.0, "1", None)),
        {"method": "gan"},
        {"method": 1},
        {"profile": "huge"},
        {"dataset": ["digits"]},
    ],
    ids=str,
)
def test_cells_that_cannot_be_are_refused(wrong):
    with pytest.raises(SettingsError):
        Cell(**{"method": "hypergan", "dataset": "digits"} | wrong)


NESTED = ("norms", "detection", "uncertainty", "attacks", "transfer")
NAN, INFINITY = float("nan"), float("inf")
EPOCH = {"epoch": 1, "loss": 0.5, "seconds": 1.0}
ODD = {
    "record_version": [None, True, 1.0, "2", [2]],
    "method": [None, 3],
    "dataset": [None],
    "seed": [None, True, "3", 3.0, -1, 2**63],
    "profile": [None],
    "config": [None, [], {"validation": NAN}],
    "commit": [None, "", "--output=evil", "0" * 39, "0" * 40 + "\n", "HEAD", "0" * 40 + "-clean"],
    "data_sha256": [None, {"file": "1"}, {"file": 1}],
    "versions": [None, {"torch": 2}],
    "device": [None, ""],
    "wall_seconds": [None, "1", True, -1.0, NAN, INFINITY],
    "peak_memory_bytes": [None, 1.5, -1, 10**400],
    "stand_in": [None, 0, "false"],
    "history": [
        None, [], [1], [{}], [{"epoch": 1, "loss": NAN, "seconds": 1.0}],
        *([EPOCH | {"peak_memory_bytes": odd}] for odd in (None, {"a": 1.0}, 1.5, 10**400)),
    ],
    "metrics": [
        None, {}, {"accuracy": {}}, {"accuracy": 90.0}, {"accuracy": {"1": 900.0}},
        {"accuracy": {"one": 90.0}}, {"accuracy": {"1": "90"}}, {"accuracy": {"1": NAN}},
        {"accuracy": {"1": 90.0}, "entropy": {"in": "low"}},
        {"accuracy": {"1": 90.0}, "entropy": {"in": -1.0}}, {"std_inside": 1.0},
        {"std_inside": 1.0, "std_outside": 1.0},  # of a regression
        {"accuracy": {"9" * 5000: 90.0}},
        *(
            {"accuracy": {"1": 90.0}, "attacks": {"pgd": {"1": {"same": {"0.1": odd}}}}}
            for odd in ({}, {"networks": 1, "images": None}, {"networks": 1, "images": 0.5})
        ),
        *({"accuracy": {"1": 90.0}} | {name: odd} for name in NESTED for odd in (1.0, {"a": 1.0})),
    ],
    "arrays_sha256": [None, "", "x" * 64],
    "environment": [None, {}, {"threads": 0, "posterior_sha256": "3" * 64}, {"threads": 1}],
}  # fmt: skip


@pytest.mark.parametrize(("key", "value"), [(key, value) for key in ODD for value in ODD[key]])
def test_a_record_with_an_odd_value_is_refused(key, value, written, published):
    edit(written, **{key: value})
    for use in (lambda: records.find(CELL), lambda: records.promote(written)):
        with pytest.raises(RecordError) as stop:
            use()
        assert len(str(stop.value).splitlines()) == 1
    assert not published.exists()


@pytest.mark.parametrize("key", ODD)
def test_a_record_that_lacks_a_key_is_refused(key, written):
    edit(written)
    content = json.loads(written.read_text())
    del content[key]
    written.write_text(json.dumps(content))
    with pytest.raises(RecordError):
        records.find(CELL)


def test_a_number_too_large_for_one_is_refused(written):
    edit(written)
    written.write_text(written.read_text().replace("90.0", "1e999"))
    with pytest.raises(RecordError, match="finite number"):
        records.find(CELL)


def test_version_1_has_no_environment(written):
    edit(written, record_version=1)
    with pytest.raises(RecordError, match="environment: added in version 2"):
        records.find(CELL)
    content = json.loads(written.read_text())
    del content["environment"]
    written.write_text(json.dumps(content))
    assert records.find(CELL).environment == {}


@pytest.mark.parametrize("name", ["seed03.json", "seed٣.json", "seed3 .json", "seed-3.json"])
def test_only_the_name_of_a_cell_is_that_of_a_record(name, written):
    written.rename(written.with_name(name))
    assert not list(records.paths(written.parents[3]))
    assert records.seeds(CELL) == []


def test_a_file_of_an_impossible_seed_stops_nobody(written):
    (written.parent / f"seed{2**63}.json").touch()
    assert records.seeds(CELL) == [3]


def test_a_record_without_its_arrays_is_not_promoted(written, published):
    written.with_suffix(".npz").write_bytes(b"other")
    with pytest.raises(RecordError, match="altered"):
        records.promote(written)
    assert not published.exists()


def test_a_fingerprint_is_of_the_settings(monkeypatch):
    cell, other = Cell("hypergan", "cubic", 0, "smoke"), Cell("ensemble", "cubic", 0, "smoke")
    before = cell.fingerprint
    assert replace(cell, seed=7).fingerprint == before != other.fingerprint
    monkeypatch.setattr(records, "RECORD_VERSION", 99)
    assert cell.fingerprint != before


def test_the_published_profile_is_that_of_the_method_on_the_data_set():
    assert Cell("hypergan", "cubic", 3, "published") == Cell("hypergan", "cubic", 3, "full")
    assert Cell("hypergan", "digits", 3, "published") == Cell("hypergan", "digits", 3, "lite")
    varied = Cell("hypergan-beta-0", "mnist", 3)
    assert replace(varied, profile="published") == replace(varied, profile="lite")
    assert settings_for("mnf", "cubic", "published") == settings_for("mnf", "cubic", "full")
