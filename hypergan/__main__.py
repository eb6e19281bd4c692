"""The command line: run cells, list records, promote finished ones, judge the claims."""

import argparse
import sys
from pathlib import Path

from hypergan import cells, ledger, records
from hypergan.data import NAMES as DATASETS
from hypergan.errors import HyperGANError, RecordError
from hypergan.methods import METHODS
from hypergan.paths import PROJECT, published, runs
from hypergan.records import Cell
from hypergan.settings import PROFILES, settings_for


def main(arguments: list[str] | None = None) -> int:
    """Parse and obey; 0, or 2 after an error that the user can mend."""
    options = parser().parse_args(arguments)
    try:
        options.command(options)
    except HyperGANError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; the same command goes on from the last checkpoint", file=sys.stderr)
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    parser = argparse.ArgumentParser(prog="python -m hypergan", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser(
        "run",
        help="train and evaluate a method on a data set, and write the record",
        description="Train and evaluate a method on a data set and write the record. A run that "
        "was killed goes on from its checkpoint; a record that is there already is kept.",
    )
    run.add_argument("method", help=", ".join(METHODS))
    run.add_argument("dataset", help=", ".join(DATASETS))
    run.add_argument("--seed", type=int, nargs="+", default=[0], help="one or more (default: 0)")
    run.add_argument("--profile", default="lite", help=f"{', '.join(PROFILES)} (default: lite)")
    run.add_argument("--device", default="auto", help="cpu, cuda, ... (default: a GPU if any)")
    run.add_argument("--force", action="store_true", help="run again although there is a record")
    run.add_argument("--quiet", action="store_true", help="no progress bars")
    run.set_defaults(command=_run)
    promote = commands.add_parser(
        "promote", help="copy finished records of real data from runs/ to data/records/"
    )
    promote.add_argument("--profile", default=None, help="only this profile's records")
    promote.set_defaults(command=_promote)
    listing = commands.add_parser("list", help="show which cells have a record")
    listing.add_argument("--profile", default="lite", help=f"{', '.join(PROFILES)} (default: lite)")
    listing.set_defaults(command=_list)
    claims = commands.add_parser("claims", help="judge the paper's claims from the records")
    claims.add_argument("--profile", default="lite", help=f"{', '.join(PROFILES)} (default: lite)")
    claims.add_argument(
        "--readme",
        action="store_true",
        help="write the published records' verdicts to README.md instead of showing all",
    )
    claims.set_defaults(command=_claims)
    return parser


def _run(options: argparse.Namespace) -> None:
    for seed in options.seed:
        cell = Cell(options.method, options.dataset, seed, options.profile)
        record = cells.run(
            cell, progress=not options.quiet, device=options.device, force=options.force
        )
        print(f"{_relative(runs() / cell.path)}: {_headline(record)}")


def _promote(options: argparse.Namespace) -> None:
    """Promote what can be; a record that cannot is named, and fails the command at the end."""
    refused = []
    for path in records.paths(runs()):
        profile = path.relative_to(runs()).parts[0]
        if profile != options.profile and (options.profile or profile == "smoke"):
            continue
        try:
            print(f"{_relative(path)} -> {_relative(records.promote(path))}")
        except RecordError as error:
            refused.append(str(error))
    if refused:
        raise RecordError("; ".join(refused))


def _list(options: argparse.Namespace) -> None:
    """A line for each cell that could be run with seed 0, and for each further record."""
    settings_for("hypergan", "mnist", options.profile)  # refuses an unknown profile
    listed = {Cell(m, d, 0, options.profile).path for m in METHODS for d in METHODS[m].datasets}
    for folder in (runs(), published()):
        listed |= {
            path.relative_to(folder)
            for path in records.paths(folder)
            if path.is_relative_to(folder / options.profile)
        }
    for path in sorted(listed):
        print(f"{path.with_suffix('').as_posix():<58} {_state(path)}")


def _claims(options: argparse.Namespace) -> None:
    if options.readme:
        ledger.update_readme()
        return
    settings_for("hypergan", "mnist", options.profile)  # refuses an unknown profile
    judged = ledger.findings(options.profile)
    for finding in judged:
        effect = finding.effect or "; ".join(finding.commands)
        print(f"{finding.verdict:<13} {finding.claim.id:<38} {effect}")
    print(ledger.summary(judged))


def _state(path: Path) -> str:
    profile, dataset, method, seed = path.with_suffix("").parts
    try:
        found = records.find(Cell(method, dataset, int(seed.removeprefix("seed")), profile))
    except HyperGANError as error:
        return f"unusable: {error}"
    if found is None:
        return "not run"
    record, where = found
    return f"{_headline(record)} ({_relative(where.parents[3])})"


def _headline(record: records.Record) -> str:
    """The result in a few words."""
    metrics, minutes = record.metrics, record.wall_seconds / 60
    if "accuracy" in metrics:
        result = ", ".join(f"{size}: {value:.2f}" for size, value in metrics["accuracy"].items())
        result = f"accuracy in % by ensemble size {result}"
    else:
        result = f"std inside {metrics['std_inside']:.2f}, outside {metrics['std_outside']:.2f}"
    stand_in = " [stand-in data]" if record.stand_in else ""
    return f"{result}; {minutes:.1f} min{stand_in}"


def _relative(path: Path) -> Path:
    """A path as the user would type it."""
    return path.relative_to(PROJECT) if path.is_relative_to(PROJECT) else path


if __name__ == "__main__":
    sys.exit(main())
