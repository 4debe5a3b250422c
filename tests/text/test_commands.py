import json

import pytest
from typer.testing import CliRunner

from stammgast.text.commands import text_commands
from stammgast.text.contracts import UnreadableTrainingText

RUN = CliRunner()


def lines(path, *rows):
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n")
    return str(path)


def test_analyse_writes_one_reading_a_line(tmp_path):
    file = lines(tmp_path / "texts.jsonl", {"text": "Vielen Dank, das war großartig!", "id": 7}, {"text": "4711"})
    result = RUN.invoke(text_commands, ["analyse", file])
    first, second = map(json.loads, result.stdout.splitlines())
    assert first["language"]["code"] == "de"
    assert first["sentiment"]["label"] == "positive"
    assert second["sentiment"] is None
    assert second["emotions"] == []


def test_analyse_reads_standard_input():
    result = RUN.invoke(text_commands, ["analyse", "-"], input='{"text": "Where is my order?"}\n')
    assert json.loads(result.stdout)["language"]["code"] == "en"


def test_a_line_that_is_no_text_is_named(tmp_path):
    file = lines(tmp_path / "texts.jsonl", {"text": "ok"}, {"body": "no text"})
    with pytest.raises(UnreadableTrainingText, match="line 2"):
        RUN.invoke(text_commands, ["analyse", file], catch_exceptions=False)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UnreadableTrainingText, match="No such file"):
        RUN.invoke(text_commands, ["analyse", str(tmp_path / "none.jsonl")], catch_exceptions=False)


def test_evaluate_measures_each_class(tmp_path):
    rows = [{"text": "Where is my order?", "label": "en"}, {"text": "Wo ist meine Bestellung?", "label": "de"},
            {"text": "Die Karte ist weg und das Geld auch", "label": "en"}]  # fmt: skip
    result = RUN.invoke(text_commands, ["evaluate", "--task", "language", "--json", lines(tmp_path / "l.jsonl", *rows)])
    measured = json.loads(result.stdout)
    # English: one of two found, none wrongly: precision 1, recall 1/2, F1 2/3. German: precision 1/2, recall 1, F1 2/3.
    assert measured["macro_f1"] == pytest.approx(2 / 3)
    assert measured["exact"] == pytest.approx(2 / 3)
    assert [(c["label"], c["precision"], c["recall"]) for c in measured["classes"]] == [
        ("de", 0.5, 1.0),
        ("en", 1.0, 0.5),
    ]


def test_evaluate_takes_several_emotions_a_text(tmp_path):
    file = lines(tmp_path / "e.jsonl", {"text": "Thank you so much, I love it!", "labels": ["joy"]})
    result = RUN.invoke(text_commands, ["evaluate", "--task", "emotion", file])
    assert result.stdout.startswith("emotion: macro-F1 1.000")


def test_evaluate_refuses_what_it_does_not_know(tmp_path):
    file = lines(tmp_path / "e.jsonl", {"text": "ok"})
    assert RUN.invoke(text_commands, ["evaluate", "--task", "irony", file]).exit_code == 2
    with pytest.raises(UnreadableTrainingText, match="neither"):
        RUN.invoke(text_commands, ["evaluate", "--task", "language", file], catch_exceptions=False)
    empty = tmp_path / "empty.jsonl"
    empty.write_text("\n")
    assert RUN.invoke(text_commands, ["evaluate", "--task", "language", str(empty)]).exit_code == 2
