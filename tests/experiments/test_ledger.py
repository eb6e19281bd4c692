from dataclasses import replace

import pytest
from bs4 import BeautifulSoup
from test_claims import CLAIM, OPEN

from hypergan.errors import StorageError
from hypergan.experiments import ledger
from hypergan.experiments.claims import all_claims
from hypergan.experiments.effects import Sample, effect
from hypergan.experiments.intervals import interval
from hypergan.experiments.records import Cell
from hypergan.experiments.verdicts import VERDICTS, Comparison, Finding
from hypergan.paths import PROJECT

PATH = PROJECT / "data" / "records" / Cell("hypergan", "digits", 1, "lite").path
AN_EFFECT = effect(Sample([1.0, 1.1]), bounds=None)
WAITED_FOR = tuple(Cell("hypergan", "digits", seed) for seed in (1, 0))
CONFIRMED = Finding(
    CLAIM, "confirmed", effect=interval([1.0, 1.5]), corrected="undecided", records=(PATH,)
)
NOT_RUN = Finding(CLAIM, "not run", corrected="not run", missing=WAITED_FOR)


def test_the_counts_are_those_of_the_verdicts():
    table = ledger.counts([CONFIRMED, CONFIRMED, NOT_RUN])
    assert list(table.columns) == list(VERDICTS)
    assert table.loc["all"].tolist() == [2, 0, 0, 0, 0, 1]
    assert table.loc["Ablations"].tolist() == [2, 0, 0, 0, 0, 1]
    assert table.loc["Accuracy"].sum() == 0
    said = ledger.summary([CONFIRMED, CONFIRMED, NOT_RUN])
    assert said == "Of the paper's 3 empirical claims, 2 are confirmed, 1 not run."
    assert ledger.summary([CONFIRMED]).endswith("1 is confirmed.")


def test_how_many_verdicts_stand_the_correction_is_counted():
    stands = replace(CONFIRMED, corrected="confirmed")
    assert ledger.standing([CONFIRMED, stands, NOT_RUN]).startswith(
        "Of the 2 that are decided, 1 remain so"
    )


def test_every_claim_of_the_ledger_has_a_subject():
    findings = [Finding(claim, "not run") for claim in all_claims()]
    assert ledger.counts(findings).loc["all", "not run"] == len(findings)


def test_a_page_or_a_figure_has_its_claims(monkeypatch):
    claims = [replace(CLAIM, claim=name, figure=name) for name in ("anomaly#a", "anomaly#b", "c")]
    monkeypatch.setattr(ledger, "all_claims", lambda: claims)
    for figure, names in (("anomaly", ["anomaly#a", "anomaly#b"]), ("anomaly#b", ["anomaly#b"])):
        assert [found.claim.claim for found in ledger.about(figure, "paper")] == names


def test_a_page_lists_its_claims_as_marks_that_lead_to_their_rows(monkeypatch):
    other = replace(CLAIM, id="other", figure="regression", short="no < yes")
    monkeypatch.setattr(ledger, "all_claims", lambda: [CLAIM, other])
    assert ledger.marks(ledger.about("regression", "paper")) == (
        '<details class="judged"><summary>1 claim: <span class="verdict not-run">'
        '<span aria-hidden="true">– </span>1 not run</span></summary>'
        '<ul class="marks"><li><a class="mark not-run" href="claims.html#claim-other" '
        'title="The mixer helps."><span aria-hidden="true">– </span>'
        '<span class="visually-hidden">not run: </span>no &lt; yes</a></li></ul></details>'
    )
    assert set(ledger.SIGNS) == set(VERDICTS)


def test_claims_of_one_kind_share_an_entry():
    claims = [replace(CLAIM, id=name, short=f"accurate, {name}") for name in ("MNIST", "CIFAR")]
    html = ledger.marks([Finding(claim, "not run") for claim in (*claims, CLAIM)])
    entries = [entry.text for entry in BeautifulSoup(html, "html.parser").find_all("li")]
    assert entries[0] == "accurate: – not run: MNIST – not run: CIFAR"
    assert len(entries) == 2


def test_the_counts_stand_for_the_marks_where_there_is_little_room():
    html = ledger.marks([CONFIRMED, NOT_RUN, CONFIRMED])
    assert BeautifulSoup(html, "html.parser").summary.text == "3 claims: ✓ 2 confirmed, – 1 not run"


def test_an_effect_has_its_unit_if_it_has_one():
    assert ledger.effect(CONFIRMED) == "1.2 [−1.9, 4.4] (n = 2) points; confirmed if > 0"
    bare = replace(CONFIRMED, claim=replace(CLAIM, unit=""))
    assert "(n = 2); confirmed if > 0" in ledger.effect(bare)


def test_where_choices_differ_the_effect_is_their_range():
    means = [replace(AN_EFFECT, mean=mean) for mean in (0.12, -0.5, 0.9)]
    claim = replace(OPEN, unit="")
    found = Finding(claim, "depends on", tuple(Comparison("", "", each) for each in means))
    assert ledger.effect(found) == "−0.5 to 0.9; confirmed if > 0"


def test_what_is_to_run_is_listed_once():
    command = "python -m hypergan run hypergan digits --seed 0 1 --profile lite"
    assert ledger.to_run([NOT_RUN, CONFIRMED, NOT_RUN]) == f"```bash\n{command}\n```"
    assert ledger.to_run([CONFIRMED]) == "Every claim has all its records."


@pytest.mark.audit
def test_the_readme_is_that_of_the_published_records():
    assert ledger.README.read_text() == ledger.with_claims(ledger.README.read_text()), (
        "run `python -m hypergan claims --readme`"
    )


def test_without_a_readme_it_says_where_to_work(tmp_path, monkeypatch):
    monkeypatch.setattr(ledger, "README", tmp_path / "README.md")
    with pytest.raises(StorageError, match="work in a checkout"):
        ledger.update_readme()


def test_only_the_part_between_the_marks_is_written_anew():
    text = f"before\n{ledger.BEGIN}\nold\n{ledger.END}\nafter"
    new = ledger.with_claims(text)
    assert new.startswith(f"before\n{ledger.BEGIN}\nOf ")
    assert new.endswith(f"{ledger.END}\nafter")
    assert "old" not in new
    with pytest.raises(StorageError, match="put them back"):
        ledger.with_claims("no marks")
