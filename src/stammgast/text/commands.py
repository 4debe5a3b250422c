"""`stammgast text …`: read texts in bulk, measure readings against own labels, make the heads anew."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
import typer

from stammgast.text.contracts import UnreadableTrainingText

if TYPE_CHECKING:
    from stammgast.text.evaluation import ClassScore, Evaluation, Labelled, Task

text_commands = typer.Typer(
    name="text", help="Language, sentiment, emotions and urgency of texts.", no_args_is_help=True
)

_AT_ONCE = 512
_TASKS = ("sentiment", "emotion", "language")


class _TextLine(msgspec.Struct):
    text: str


class _LabelledLine(msgspec.Struct):
    text: str
    label: str | None = None
    labels: list[str] = []


_Line = TypeVar("_Line", _TextLine, _LabelledLine)

TextFile = Annotated[
    Path, typer.Argument(metavar="FILE", help='JSON lines, one {"text": "…"} a line. "-" reads from standard input.')
]


@text_commands.command()
def analyse(file: TextFile) -> None:
    """Write one reading a line, in the order of the texts."""
    from stammgast.text.reading import analyse as read

    lines = _lines(file)
    while some := list(islice(lines, _AT_ONCE)):
        readings = read([_decoded(line, file, number, _TextLine).text for number, line in some])
        sys.stdout.buffer.writelines(msgspec.json.encode(reading) + b"\n" for reading in readings)
        sys.stdout.buffer.flush()


@text_commands.command()
def evaluate(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help='JSON lines: {"text": "…", "label": "…"} or {"text": "…", "labels": […]}.'),
    ],
    task: Annotated[str, typer.Option("--task", help="sentiment, emotion or language.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Measure readings against labels that people gave: F1 by class, and its mean."""
    from stammgast.text.evaluation import evaluate as measure

    if task not in _TASKS:
        raise typer.BadParameter(f"choose one of {', '.join(_TASKS)}", param_hint="--task")
    rows = list(_labelled(file))
    result = measure(_task(task), rows)
    if result is None:
        typer.echo("No texts in the file: nothing to measure.", err=True)
        raise typer.Exit(2)
    typer.echo(msgspec.json.encode(result).decode() if as_json else _table(result))


@text_commands.command()
def train(
    corpora: Annotated[Path, typer.Argument(metavar="DIR", help="Folder with goemotions, xlmt_sentiment and vader.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the heads are written.")],
) -> None:
    """Make the heads anew: deterministic, some minutes on one core. Needs the corpora of the model card."""
    from rich.console import Console
    from rich.progress import Progress

    from stammgast.text.heads import pack
    from stammgast.text.training.train import train as make

    with Progress(console=Console(stderr=True)) as progress:
        stages: dict[str, int] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in stages:
                stages[stage] = int(progress.add_task(stage, total=total))
            progress.update(progress.task_ids[stages[stage]], completed=done)

        packed = pack(make(corpora, on_progress=show))
    out.write_bytes(packed)
    typer.echo(f"Wrote {out} ({len(packed) / 1e6:.1f} MB).")


def _task(task: str) -> Task:
    from stammgast.text.evaluation import Task as Known

    known: Task = msgspec.convert(task, Known)
    return known


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the number and bytes of each line that is not empty."""
    try:
        stream = sys.stdin.buffer if str(file) == "-" else file.open("rb")
    except OSError as error:
        raise UnreadableTrainingText(path=file, kind="JSON lines", problem=error.strerror or str(error)) from error
    with stream:
        yield from ((number, line) for number, line in enumerate(stream, 1) if line.strip())


def _decoded(line: bytes, file: Path, number: int, kind: type[_Line]) -> _Line:
    try:
        return msgspec.json.decode(line, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        problem = f"line {number}: {error}"
        raise UnreadableTrainingText(path=file, kind="JSON lines", problem=problem) from error


def _labelled(file: Path) -> Iterator[Labelled]:
    from stammgast.text.evaluation import Labelled as Row

    for number, line in _lines(file):
        row = _decoded(line, file, number, _LabelledLine)
        labels = frozenset([*row.labels, *([row.label] if row.label else [])])
        if not labels:
            problem = f'line {number} has neither "label" nor "labels"'
            raise UnreadableTrainingText(path=file, kind="labelled JSON lines", problem=problem)
        yield Row(row.text, labels)


def _table(result: Evaluation) -> str:
    head = f"{result.task}: macro-F1 {result.macro_f1:.3f}, wholly right {result.exact:.3f}, n = {result.texts}"
    columns = f"{'label':<12}{'precision':>10}{'recall':>10}{'f1':>10}{'n':>8}"
    return "\n".join([head, columns, *map(_row, result.classes)])


def _row(score: ClassScore) -> str:
    return f"{score.label:<12}{score.precision:>10.3f}{score.recall:>10.3f}{score.f1:>10.3f}{score.support:>8}"
