from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.benchmarks import gate
from tests.benchmarks.gate import regressions, write_baseline
from tests.benchmarks.measure import AtMost, Measure, Target, interleaved
from tests.benchmarks.report import as_page, as_plot, as_table


def row(*ours: float, better: str = "more", target: float = 2.0) -> Measure:
    wanted = (Target("peer", target),)
    return Measure("append", "1 caller", "events/s", "less" if better == "less" else "more", ours, {"peer": [10.0] * len(ours)}, wanted)


def test_each_round_is_compared_with_its_own_neighbour() -> None:
    """The machine was slow for all in the second round: the ratios do not see it, medians of each alone would."""
    drifting = Measure("a", "", "events/s", "more", [100, 10, 90], {"peer": [50, 5, 30]})
    assert drifting.ratio("peer") == 2.0


def test_less_is_better_where_the_unit_is_a_time() -> None:
    assert row(5, 5, 5, better="less").ratio("peer") == 2.0


def test_a_published_figure_stands_for_every_round() -> None:
    assert Measure("a", "", "events/s", "more", [20, 30, 40], {"published": [10]}).ratio("published") == 3.0


def test_rounds_that_do_not_belong_together_are_not_compared() -> None:
    with pytest.raises(ValueError, match="3 rounds of ours, 2 of peer"):
        Measure("a", "", "s", "less", [1, 2, 3], {"peer": [1, 2]}).ratio("peer")


def test_a_target_on_a_peer_that_is_not_there_is_neither_met_nor_missed() -> None:
    measure = Measure("append", "", "events/s", "more", [1.0], {"pgbench": []}, [Target("pgbench", 3)])
    assert measure.as_json()["targets"] == [{"target": "≥ 3× pgbench", "met": None}]
    assert "not measured" in as_table([measure])


def test_an_absolute_target_looks_at_the_median() -> None:
    measure = Measure("latency", "", "ms", "less", [1, 2, 30])
    assert (AtMost(2).met(measure), AtMost(1.5).met(measure)) == (True, False)


async def test_rounds_of_ours_and_of_the_peers_take_turns() -> None:
    ran: list[str] = []

    async def work(name: str) -> float:
        ran.append(name)
        return len(ran)

    ours, theirs = await interleaved(2, lambda: work("ours"), {"a": lambda: work("a"), "b": lambda: work("b")})
    assert ran == ["ours", "a", "b"] * 2
    assert (ours, theirs) == ([1, 4], {"a": [2, 5], "b": [3, 6]})


def test_a_ratio_below_the_tolerance_is_a_regression_and_one_within_it_is_none() -> None:
    baseline = {"append: 1 caller / peer": 4.0}
    assert not regressions([row(20, 20, 20)], baseline)
    assert [line.partition(":")[0] for line in regressions([row(19, 19, 19)], baseline)] == ["append"]


def test_a_row_outside_the_gate_fails_nothing() -> None:
    outside = Measure("append", "1 caller", "events/s", "more", [1.0], {"peer": [10.0]}, [Target("peer", 1)], gated=False)
    assert not regressions([outside], {"append: 1 caller / peer": 4.0})


def test_a_new_baseline_leaves_the_rows_that_did_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "BASELINE", tmp_path / "baseline.json")
    (tmp_path / "baseline.json").write_text('{"append: 4 callers / peer": 9.0, "relay / peer": 2.0}')
    write_baseline([row(40, 40, 40)])
    assert json.loads((tmp_path / "baseline.json").read_text()) == {"append: 1 caller / peer": 4.0, "relay / peer": 2.0}


def test_the_page_and_the_plot_show_every_ratio_that_has_a_target() -> None:
    kept = {"append": {"about": "What.", "machine": {"cores": 2}, "command": "c", "commit": "f00", "rows": [row(30, 30, 30).as_json()]}}
    assert "| 1 caller | ours | 30 events/s |  |  |  |\n|  | peer | 10 events/s | 3.00× | ≥ 2× | yes |" in as_page(kept)
    assert ">3.00×</text>" in as_plot(kept["append"]["rows"])  # pyright: ignore[reportArgumentType] - the dictionary above is of many kinds
