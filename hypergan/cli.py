"""Run experiments, verify and publish their records, judge the claims, measure speed."""

import argparse
import os
import sys
from collections import Counter
from pathlib import Path

from hypergan import __version__
from hypergan.bench import report
from hypergan.data.datasets import DATASETS
from hypergan.errors import HyperGANError, RecordError, StorageError
from hypergan.experiments import cells, ledger, records, trials, verification
from hypergan.experiments.leftovers import leftovers
from hypergan.experiments.methods import METHODS
from hypergan.experiments.profiles import PROFILES, PUBLISHED
from hypergan.experiments.records import Cell
from hypergan.experiments.state import commands, state
from hypergan.machine import share
from hypergan.paths import PROJECT, published, remove, runs
from hypergan.threads import computing_with


def obey(arguments: list[str] | None = None) -> int:
    """Run the command line; 1 if `verify` finds a mismatch, else 0."""
    reader = parser()
    options, rest = reader.parse_known_args(arguments)
    # argparse accepts no further NAME=VALUE after an option
    changes = options.command is _try and not any(word.startswith("-") for word in rest)
    if rest and not changes:
        reader.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:
        options.changes += rest
    return options.command(options) or 0


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    parser = argparse.ArgumentParser(prog="python -m hypergan", description=__doc__)
    parser.add_argument("--version", action="version", version=f"hypergan {__version__}")
    actions = parser.add_subparsers(required=True, metavar="COMMAND")
    run = actions.add_parser(
        "run",
        help="train and evaluate a method on a data set, and write the record",
        description="Train and evaluate a method on a data set and write the record. An "
        "interrupted run continues from its checkpoint; an existing record is kept.",
    )
    run.add_argument("method", type=_named, help=", ".join(METHODS))
    run.add_argument("dataset", help=", ".join(DATASETS))
    _add_seeds(run)
    run.add_argument("--profile", choices=PROFILES, default="lite", help="default: lite")
    run.add_argument("--force", action="store_true", help="run again even if there is a record")
    _add_computing(run, threads=1)
    run.set_defaults(command=_run)
    attempt = actions.add_parser(
        "try",
        help="train a method with other settings and score it on held-out training images",
        description="Train a method as `run` does in the profile full, with some settings changed, "
        "and score it on held-out training images. Appends a row to trials.csv in runs/; the "
        "trials that settings were chosen from are in data/search/.",
    )
    attempt.add_argument("method", type=_named, help=", ".join(METHODS))
    attempt.add_argument("dataset", help="a data set of images")
    attempt.add_argument(
        "changes",
        nargs="*",
        metavar="NAME=VALUE",
        help="settings of hypergan.Training or arguments of the model, such as weight_decay=0.003, "
        "or target=NAME",
    )
    attempt.add_argument("--seed", type=int, default=0, help="default: 0")
    attempt.add_argument(
        "--held-out", type=int, default=2_000, help="images to hold out (default: 2000)"
    )
    _add_computing(attempt, threads=None)
    attempt.set_defaults(command=_try)
    promote = actions.add_parser(
        "promote", help="copy finished records of real data from runs/ to data/records/"
    )
    promote.add_argument("--profile", choices=PROFILES, help="only this profile's records")
    promote.set_defaults(command=_promote)
    verify = actions.add_parser(
        "verify",
        help="compare records in runs/ with the published ones",
        description="Compare re-runs in runs/ with the published records: identical to the last "
        "digit if made under the same conditions, else within tolerances. Exits with 1 on a "
        "mismatch.",
    )
    verify.add_argument(
        "cell",
        nargs="*",
        help="a record or a folder of them, such as lite/mnist/hypergan/seed0 or lite/mnist; every "
        "published record there must have a re-run (default: all that have one)",
    )
    verify.set_defaults(command=_verify)
    listing = actions.add_parser("list", help="show which cells have a record")
    listing.add_argument("--profile", choices=PROFILES, default="lite", help="default: lite")
    _add_seeds(listing)
    listing.set_defaults(command=_list)
    bench = actions.add_parser(
        "bench", help="measure speed and memory against plain PyTorch, in about half an hour"
    )
    bench.add_argument("--quick", action="store_true", help="run every part briefly, as a check")
    bench.add_argument(
        "--publish", action="store_true", help="only add earlier runs to the published ones"
    )
    _add_threads(bench, None)
    bench.add_argument("--quiet", action="store_true", help="no progress bars")
    bench.set_defaults(command=_bench)
    claims = actions.add_parser("claims", help="judge the paper's claims from the records")
    claims.add_argument(
        "--profile", choices=(*PROFILES, PUBLISHED), default=PUBLISHED, help="default: %(default)s"
    )
    claims.add_argument(
        "--readme",
        action="store_true",
        help="write the published records' verdicts to README.md instead of printing all",
    )
    claims.set_defaults(command=_claims)
    clean = actions.add_parser(
        "clean",
        help="remove what killed runs left behind",
        description="List and remove what killed runs left behind and nothing will use again: "
        "unfinished files, and checkpoints of runs that have a record by now. Checkpoints that a "
        "run can continue from are kept.",
    )
    clean.add_argument("--dry-run", action="store_true", help="only list it")
    clean.set_defaults(command=_clean)
    return parser


def _named(word: str) -> str:
    """A method's name, given that or its hyphenated title, such as "deep-ensemble"."""
    titles = {method.title.lower().replace(",", "").replace(" ", "-"): name
              for name, method in METHODS.items()}  # fmt: skip
    return titles.get(word, word)


def _add_seeds(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--seed", type=int, nargs="+", action="extend", help="one or more (default: 0)"
    )


def _add_computing(command: argparse.ArgumentParser, threads: int | None) -> None:
    """Add the options of every command that trains."""
    command.add_argument("--device", default="auto", help="cpu, cuda, ... (default: a GPU if any)")
    _add_threads(command, threads)
    command.add_argument("--quiet", action="store_true", help="no progress bars")


def _add_threads(command: argparse.ArgumentParser, threads: int | None) -> None:
    command.add_argument(
        "--threads",
        type=_number_or_auto,
        default=threads,
        help="number of threads, which affects last digits; auto: what the machine can give "
        f"(default: {threads or 'auto'})",
    )


def _number_or_auto(word: str) -> int | None:
    try:
        return None if word == "auto" else int(word)
    except ValueError:
        raise argparse.ArgumentTypeError("give a whole number or auto") from None


def _threads(asked: int | None) -> tuple[int, str]:
    """The number of threads, as asked if it was, and a line for the log."""
    can = share()
    if asked is None:
        policy = os.environ.get("OMP_WAIT_POLICY")
        return can.threads, f"computed with {can}{f', waiting {policy}' if policy else ''}"
    if can.threads < asked <= (os.cpu_count() or 1):
        return asked, f"computed with {asked} threads; the machine can give {can}"
    return asked, ""


def _log(note: str) -> None:
    if note:
        print(note, file=sys.stderr)


def _run(options: argparse.Namespace) -> None:
    seeds = dict.fromkeys(options.seed or [0])
    asked = [Cell(options.method, options.dataset, seed, options.profile) for seed in seeds]
    threads, note = _threads(options.threads)
    for cell in asked:
        record = cells.run(
            cell,
            progress=not options.quiet,
            device=options.device,
            force=options.force,
            threads=threads,
        )
        print(f"{_relative(runs() / cell.path)}: {_headline(record)}")
    _log(note)


def _try(options: argparse.Namespace) -> None:
    changes = trials.parse(options.changes)
    trial = trials.Trial(options.method, options.dataset, changes, options.seed, options.held_out)
    threads, note = _threads(options.threads)
    row = trials.run(trial, progress=not options.quiet, device=options.device, threads=threads)
    print(", ".join(f"{name} {value}" for name, value in row.items() if value != ""))
    _log(note)


def _promote(options: argparse.Namespace) -> None:
    """Promote every record that can be; report all others in one error at the end."""

    def wanted(path: Path) -> bool:
        profile = path.relative_to(runs()).parts[0]
        return profile == options.profile if options.profile else profile != "smoke"

    refused, chosen = [], [*filter(wanted, records.paths(runs()))]
    if not chosen:
        print(f"nothing to promote in {_relative(runs())}")
    for path in chosen:
        try:
            print(f"{_relative(path)} -> {_relative(records.promote(path))}")
        except HyperGANError as error:
            refused.append(str(error))
    if refused:
        raise RecordError("; ".join(refused))


def _verify(options: argparse.Namespace) -> int:
    """Print one table per cell; report cells that cannot be compared in one error at the end."""
    failed, refused = 0, []
    for path in verification.chosen(options.cell):
        try:
            comparison = verification.compare(Cell.at(path))
        except HyperGANError as error:
            refused.append(str(error))
            continue
        print(comparison)
        failed += not comparison.ok
    if refused:
        raise RecordError("; ".join(refused))
    return int(failed > 0)


def _list(options: argparse.Namespace) -> None:
    """Print one line per cell that can be run with these seeds, and per record of other seeds."""
    seeds = options.seed or [0]
    cells_ = ((m, d, s) for m in METHODS for d in METHODS[m].datasets for s in seeds)
    listed = {Cell(*names, options.profile).path for names in cells_}
    for folder in (runs(), published()):
        listed |= {
            path.relative_to(folder)
            for path in records.paths(folder)
            if path.is_relative_to(folder / options.profile)
        }
    count: Counter[str] = Counter()
    for path in sorted(listed):
        name, words = _standing(path)
        count[name] += 1
        print(f"{path.with_suffix('').as_posix():<58} {name:<9} {words}".rstrip())
    print(", ".join(f"{number} {name}" for name, number in sorted(count.items())))


def _bench(options: argparse.Namespace) -> None:
    if options.publish:
        print(f"{report.publish()} added to {_relative(report.PUBLISHED)}")
        return
    threads, note = _threads(options.threads)
    if not (can := share()).is_whole:
        _log(f"timings of an idle machine are wanted; this one can give {can}")
    with computing_with(threads):
        measured, changed, path = report.run(quick=options.quick, progress=not options.quiet)
    print(measured["device"], measured["instructions"], sep=", ")
    print(report.table(measured).to_string(float_format="{:.3g}".format, na_rep=""))
    print(*changed, _relative(path), sep="\n")
    _log(note)


def _claims(options: argparse.Namespace) -> None:
    if options.readme:
        ledger.update_readme()
        return
    judged = ledger.findings(options.profile)
    for finding in judged:
        shown = any(comparison.effect for comparison in finding.comparisons)
        effect = ledger.effect(finding) if shown else "; ".join(commands(finding.missing))
        print(f"{finding.verdict:<14} {finding.claim.id:<38} {effect}")
    print(ledger.summary(judged), ledger.standing(judged))


def _clean(options: argparse.Namespace) -> None:
    found = leftovers()
    for path in found:
        print(_relative(path))
    if options.dry_run:
        print(f"{len(found)} to remove")
        return
    remove(found)
    kept = [str(path) for path in found if path.exists()]
    print(f"{len(found) - len(kept)} removed")
    if kept:
        raise StorageError(f"cannot remove {', '.join(kept)}; change the folders' permissions")


def _standing(path: Path) -> tuple[str, str]:
    """The state of a path's cell, and its result or what is wrong with it."""
    try:
        found = state(Cell.at(path))
    except HyperGANError as error:  # there is no such cell
        return "unusable", str(error)
    return found.name, _headline(found.record) if found.record else found.reason


def _headline(record: records.Record) -> str:
    """The result in a few words."""
    metrics = record.metrics
    if DATASETS[record.dataset].task == "classification":
        result = ", ".join(f"{size}: {value:.2f}" for size, value in metrics["accuracy"].items())
        result = f"accuracy in % by ensemble size {result}"
    else:
        result = f"std inside {metrics['std_inside']:.2f}, outside {metrics['std_outside']:.2f}"
    stand_in = " [stand-in data]" if record.stand_in else ""
    return f"{result}; {record.minutes:.1f} min{stand_in}"


def _relative(path: Path) -> Path:
    """A path as the user would type it."""
    return path.relative_to(PROJECT) if path.is_relative_to(PROJECT) else path
