import math
import re
from dataclasses import asdict, replace
from datetime import date

import pytest

from hypergan.errors import DataError
from hypergan.experiments import claims
from hypergan.experiments.claims import Claim, Quantity, all_claims
from hypergan.experiments.paper import transcribed

CLAIMS = all_claims()
ABLATED, FULL = "hypergan-no-mixer", "hypergan"
CLAIM = Claim(
    id="mixer-helps",
    claim="The mixer helps.",
    short="mixer helps",
    place="Section 0",
    quote="helps",
    rule="Accuracy with the mixer, minus that without, is above 0.",
    history=(claims.Step("2026-11-23", "written", "nothing"),),
    method=FULL,
    dataset="digits",
    measure="accuracy/1",
    against=({"method": ABLATED},),
    above=0.0,
    unit="points",
    seeds=2,
    figure="ablation",
)
OPEN = replace(CLAIM, measure="transfer/pgd/{eps}/1/fooled", choices={"eps": ("0.1", "0.3", "1")})
"""One that depends on an eps."""


# The ledger


def test_every_claim_has_names_of_its_own_a_short_quote_and_a_place():
    assert len({claim.id for claim in CLAIMS}) == len(CLAIMS) >= 25
    assert len({claim.short for claim in CLAIMS}) == len(CLAIMS)
    for claim in CLAIMS:
        assert claim.place, claim.id
        assert 0 < len(claim.quote.split()) <= 16, claim.id
        assert 0 < len(claim.short.split()) <= 6, claim.id


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_every_rule_says_in_words_what_it_does(claim):
    (word,) = (w for w in ("above", "below", "between") if getattr(claim, w) is not None)
    for words in (word, *(f"{end:g}" for end in claim.region if math.isfinite(end))):
        assert f" {words}" in claim.rule
    for values in claim.choices.values():
        assert re.search(rf"\b({'|'.join(map(re.escape, values))})\b|all eps|FGSM", claim.rule)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_every_claim_tells_what_was_known_when_its_rule_was_written_and_changed(claim):
    dates = [step.on for step in claim.history]
    assert dates == sorted(dates)
    assert all(date.fromisoformat(day) for day in dates)
    assert claim.history[0].what.startswith("written")
    assert all(step.known for step in claim.history)


TABLE = {name: value for name, value in asdict(CLAIM).items() if name != "id" and value is not None}


def test_a_claim_is_read_from_its_table():
    assert claims.read(CLAIM.id, TABLE) == CLAIM


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"methode": "mnf"}, "methode: Unexpected"),
        ({"above": "0"}, "above: .*valid number"),
        ({"seeds": 0}, "seeds"),
        ({"below": 1}, "one of above, below and between"),
        ({"between": [0]}, "between"),
        ({"method": "gan"}, "unknown method 'gan'"),
        ({"dataset": "mnsit"}, "unknown data set 'mnsit'"),
        ({"measure": "history/accuracy"}, "1 arguments; it takes 2"),
        ({"against": [{"metod": "mnf"}]}, "against.0.metod"),
        ({"against": [{"method": "gan"}]}, "unknown method 'gan'"),
        ({"choices": {"eps": ["0.1"]}}, "no measure has {eps}"),
        ({"not_comparable": {"quick": "why"}}, "not_comparable"),
    ],
)
def test_a_typo_is_named_with_its_claim(wrong, message):
    with pytest.raises(DataError, match=f"claim mixer-helps: .*{message}"):
        claims.read(CLAIM.id, TABLE | wrong)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace("measure", "measures", 1),
        lambda text: text.replace("seeds", "seed", 1),
        lambda text: text.partition("\n[")[0],
        lambda text: text.partition("\n[best")[0],
        lambda text: text.replace("[steps.written]", "[steps.wrote]"),
        lambda text: text.replace('history = ["written"', 'histories = ["written"'),
        lambda text: text[:-20],
        lambda text: "",
        lambda text: text + "claim = 3\n",
        lambda text: "claim = 3\n" + text,
        lambda text: text + "\xff",
    ],
    ids=[
        "field",
        "no seeds",
        "nothing",
        "no claims",
        "no step",
        "no history",
        "half",
        "empty",
        "twice",
        "no table",
        "bytes",
    ],
)
def test_a_damaged_table_of_claims_is_refused(damage, tmp_path, monkeypatch):
    whole = transcribed("claims.toml").read_text(encoding="utf-8")
    (tmp_path / "claims.toml").write_text(damage(whole), encoding="latin-1", errors="replace")
    monkeypatch.setattr(claims, "transcribed", lambda name: tmp_path / name)
    with pytest.raises(DataError, match=r"claim|from git again"):
        claims.all_claims()


def test_what_the_paper_leaves_open_is_chosen_in_every_way():
    table = {"measure": "transfer/{attack}/{eps}/1/fooled", "against": [{"dataset": "mnist"}]}
    choices = {"choices": {"attack": ["fgsm", "pgd"], "eps": ["0.1", "1"]}}
    chosen = claims.read(CLAIM.id, TABLE | table | choices).quantities
    assert list(chosen) == [
        f"attack {attack}, eps {eps}" for attack in ("fgsm", "pgd") for eps in ("0.1", "1")
    ]
    assert chosen["attack pgd, eps 0.1"] == [
        Quantity(FULL, dataset, "transfer/pgd/0.1/1/fooled") for dataset in ("digits", "mnist")
    ]
    assert list(CLAIM.quantities) == [""]
