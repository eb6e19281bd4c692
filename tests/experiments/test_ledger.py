from dataclasses import replace

import pytest
from test_claims import CLAIM

from hypergan.errors import StorageError
from hypergan.experiments import ledger
from hypergan.experiments.claims import VERDICTS, Finding, all_claims
from hypergan.experiments.intervals import interval
from hypergan.experiments.records import Cell
from hypergan.paths import PROJECT

PATH = PROJECT / "data" / "records" / Cell("hypergan", "digits", 1, "lite").path
WAITED_FOR = tuple(Cell("hypergan", "digits", seed) for seed in (1, 0))
CONFIRMED = Finding(CLAIM, "confirmed", interval([1.0, 1.5]), (PATH,), ())
NOT_RUN = Finding(CLAIM, "not run", None, (), WAITED_FOR)


def test_the_counts_are_those_of_the_verdicts():
    table = ledger.counts([CONFIRMED, CONFIRMED, NOT_RUN])
    assert list(table.columns) == list(VERDICTS)
    assert table.loc["all"].tolist() == [2, 0, 0, 1]
    assert table.loc["Ablations"].tolist() == [2, 0, 0, 1]
    assert table.loc["Accuracy"].sum() == 0
    assert "Of 3 empirical claims of the paper, 2 confirmed, 0 contradicted" in ledger.summary(
        [CONFIRMED, CONFIRMED, NOT_RUN]
    )


def test_every_claim_of_the_ledger_has_a_subject():
    findings = [Finding(claim, "not run", None, (), ()) for claim in all_claims()]
    assert ledger.counts(findings).loc["all", "not run"] == len(findings)


def test_a_page_or_a_figure_has_its_claims(monkeypatch):
    claims = [replace(CLAIM, claim=name, figure=name) for name in ("anomaly#a", "anomaly#b", "c")]
    monkeypatch.setattr(ledger, "all_claims", lambda: claims)
    page = ledger.about("anomaly")
    assert "| anomaly#a |" in page
    assert "| anomaly#b |" in page
    assert "| c |" not in page
    assert "anomaly#a" not in ledger.about("anomaly#b")


def test_a_page_lists_its_claims_as_marks_that_lead_to_their_rows(monkeypatch):
    other = replace(CLAIM, id="other", figure="regression", short="no < yes")
    monkeypatch.setattr(ledger, "all_claims", lambda: [CLAIM, other])
    assert ledger.marks("regression", profile="paper") == (
        '<ul class="marks"><li><a class="mark not-run" href="claims.html#claim-other" '
        'title="The mixer helps."><span aria-hidden="true">– </span>'
        '<span class="visually-hidden">not run: </span>no &lt; yes</a></li></ul>'
    )
    assert set(ledger.SIGNS) == set(VERDICTS)


def test_the_long_table_leads_to_figure_and_records(tmp_path):
    (tmp_path / "ablation.ipynb").write_text('"name": "figure-6"')
    confirmed, not_run = ledger.long_table([CONFIRMED, NOT_RUN], tmp_path).splitlines()[2:]
    assert '<span class="verdict confirmed">confirmed</span>' in confirmed
    assert '<span class="verdict not-run">not run</span>' in not_run
    assert "1.2 [-1.9, 4.4] (n = 2) points; confirmed if > 0" in confirmed
    assert "[ablation](ablation.ipynb)" in confirmed
    assert "records/lite/digits/hypergan/seed1.json>`" in confirmed
    assert "2 to run" in not_run
    assert confirmed.count(" | ") == not_run.count(" | ") == 4


def test_the_short_table_begins_with_what_was_decided():
    rows = ledger.short_table([NOT_RUN, CONFIRMED]).splitlines()[2:]
    assert [row.split(">")[1].split("<")[0] for row in rows] == ["confirmed", "not run"]


def test_an_effect_without_a_unit_ends_at_its_number():
    bare = replace(CONFIRMED, claim=replace(CLAIM, unit=""))
    assert "(n = 2); confirmed if > 0" in ledger.short_table([bare])


def test_what_is_to_run_is_listed_once():
    command = "python -m hypergan run hypergan digits --seed 0 1 --profile lite"
    assert ledger.to_run([NOT_RUN, CONFIRMED, NOT_RUN]) == f"```bash\n{command}\n```"
    assert ledger.to_run([CONFIRMED]) == "Every claim has its records."


@pytest.mark.audit
def test_the_readme_is_that_of_the_published_records():
    assert ledger.README.read_text() == ledger.with_claims(ledger.README.read_text()), (
        "run `python -m hypergan claims --readme`"
    )


def test_only_the_part_between_the_marks_is_written_anew():
    text = f"before\n{ledger.BEGIN}\nold\n{ledger.END}\nafter"
    new = ledger.with_claims(text)
    assert new.startswith(f"before\n{ledger.BEGIN}\nOf ")
    assert new.endswith(f"{ledger.END}\nafter")
    assert "old" not in new
    with pytest.raises(StorageError, match="put them back"):
        ledger.with_claims("no marks")


def test_a_figure_is_linked_by_its_name_and_a_page_by_its_file():
    links = ledger.long_table(ledger.findings(), PROJECT / "book")
    assert "[table 1](#table-1)" in links
    assert "[accuracy](accuracy.ipynb)" in links
