import os
import time

from hypergan import cli
from hypergan.__main__ import main
from hypergan.experiments import cells
from hypergan.experiments.records import Cell

CELL = Cell("hypergan", "cubic", 0, "smoke")


def aged(path, hours=2):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.utime(path, (0, time.time() - hours * 3600))
    return path


def test_what_nothing_will_use_again_is_shown_and_removed(own_runs, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HYPERGAN_DATA", str(tmp_path / "data"))
    record = aged(own_runs / CELL.path, hours=1)
    own, running = aged(cells.unfinished(CELL)[0]), aged(cells.unfinished(CELL)[1], hours=0)
    other = aged(cells.unfinished(Cell("hypergan", "cubic", 1, "smoke"))[0])
    half = aged(own_runs / ".trials.csv.0123abcd.part")
    download = aged(tmp_path / "data" / ".download.abc_1234.part" / "raw" / "images").parents[1]
    for folder in (download / "raw", download):
        os.utime(folder, (0, time.time() - 2 * 3600))
    foreign = [
        aged(folder / name)
        for folder in (own_runs, tmp_path / "data")
        for name in (".film.mkv.part", "sub/.film.mkv.part", ".folder.part/thesis.tex")
    ]
    for path in foreign:
        os.utime(path.parent, (0, 0))
    lock = aged(own_runs / CELL.path.with_suffix(".lock"))
    assert main(["clean", "--dry-run"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        *sorted(map(str, (own, half, download))),
        "3 to remove",
    ]
    assert own.exists()
    assert main(["clean"]) == 0
    assert not any(path.exists() for path in (own, half, download))
    assert all(path.exists() for path in (record, running, other, lock, *foreign))
    capsys.readouterr()
    assert main(["clean"]) == 0
    assert capsys.readouterr().out == "0 removed\n"


def test_what_could_not_be_removed_is_named_and_not_counted(own_runs, monkeypatch, capsys):
    kept, gone = (aged(own_runs / f".{name}.csv.0123abcd.part") for name in ("a", "b"))
    monkeypatch.setattr(cli, "remove", lambda _: gone.unlink())
    assert main(["clean"]) == 2
    told = capsys.readouterr()
    assert told.out.splitlines()[-1] == "1 removed"
    assert f"cannot remove {kept}; change" in told.err
