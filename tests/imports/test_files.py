"""Files as real programs write them: encodings, delimiters, quotes, lines before the heading, and what is broken in them."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stammgast.imports.contracts import FileShape
from stammgast.imports.csv_table import CsvTable
from stammgast.imports.dialects import guess_dialect
from stammgast.imports.encodings import guess_encoding
from stammgast.imports.records import Records

PEOPLE = [
    ["1001", "Ähnlich", "Jörg", "  joerg.a@example.org ", "0171 / 123 45-67", "03.02.2026 14:05", "1.234,50"],
    ["1002", "Öztürk", "Zoë", "zoe@example.org", "+49 (0)30 901820", "4.2.2026 9:05", "12,5 €"],
    ["1003", "Müller", "Zürich", "", "0049 171 1234567", "29.02.2026 10:00", "-15,00"],
    ["1004", "Groß", "Anna; Maria", "anna@example.org", "", "05.02.2026 24:00", "1.000"],
    ["1005", "Weiß", "Zeile\nzwei", "weiss@example.org", "030 901820", "06.02.2026 00:00", "0,00"],
]
HEADING = ("Kundennr", "Nachname", "Vorname", "E-Mail", "Telefon", "Datum", "Umsatz")


def read(path, shape=None):
    """Return (columns, cells of the lines as lists, refusals)."""
    table = CsvTable(path, shape or FileShape(), is_gzip=path.suffix == ".gz")
    refused, lines = [], []
    for batch in table.batches(table.columns, refused.append, contents=True):
        lines += [list(table.shown(content)) for content in batch.contents]
        turned = zip(*(batch.columns[name] for name in table.columns), strict=True)
        assert [list(line) for line in turned] == lines[len(lines) - len(batch) :]
    return table.columns, lines, refused


def written(tmp_path, content, name="file.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("name", ["bom", "crlf_sep", "mac", "utf16", "w1252"])
def test_the_same_people_come_out_of_files_of_every_program(shared_data, name):
    columns, lines, refused = read(shared_data(f"imports/{name}.csv"))
    assert columns == HEADING
    marks = str.maketrans("\t", ";")  # Its writer put the file's delimiter into the name.
    assert [
        [cell.replace("\r\n", "\n").replace("\r", "\n").translate(marks) for cell in line] for line in lines
    ] == PEOPLE
    assert refused == []


def test_a_nul_and_an_open_quote_cost_their_own_lines_only(shared_data, tmp_path):
    _, lines, refused = read(shared_data("imports/nul.csv"))
    assert (lines, [(one.row, one.reason) for one in refused]) == ([], [(2, "no_text"), (3, "open_quote")])
    text = 'a;b;c\n1;"open;x\n2;"Anna; Maria";y\n3;"two\nlines";z\n4;end;z\n5;"never closed;z\n6;last;z\n'
    _, lines, refused = read(written(tmp_path, text))
    assert [line[0] for line in lines] == ["2", "3", "4", "6"]
    assert lines[0][1] == "Anna; Maria"
    assert [(one.row, one.reason) for one in refused] == [(2, "open_quote"), (6, "open_quote")]


def test_lines_with_too_few_or_too_many_cells_are_told_and_needless_delimiters_are_not(shared_data, tmp_path):
    columns, lines, refused = read(shared_data("imports/ragged.csv"))
    assert (columns, lines) == (("Kundennr", "E-Mail", "Datum", "Umsatz"), [])
    assert [one.detail for one in refused] == [
        "It has 3 cells, the file has 4 columns",
        "It has 5 cells, the file has 4 columns",
    ]
    assert read(written(tmp_path, "a;b\n1;2;;\n\n;\n3;4\n"))[1:] == ([["1", "2"], ["3", "4"]], [])


def test_what_spreadsheets_put_before_a_value_is_no_part_of_it(shared_data, tmp_path):
    columns, lines, _ = read(shared_data("imports/shopify.csv"))
    assert lines[0][columns.index("Billing Phone")] == "+4917112345678"
    text = 'code,name\n\'007,O\'Neil\n"=""0815""",\'t Hof\n="1",\'=1+1\n'
    assert read(written(tmp_path, text))[1] == [["007", "O'Neil"], ["0815", "'t Hof"], ["1", "=1+1"]]


WORDS = "Müller;Größe 40 cm;Straße;Ähnlich;Öztürk;12,50 €;Café;Crème brûlée;§ 5 „so“ \u2013 3 °C;São João"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "mac_roman", "cp850", "utf-16", "utf-16-le"])
def test_an_encoding_is_told_by_the_letters(encoding):
    content = (WORDS + "\n").encode(encoding, "ignore")
    guess = guess_encoding(io.BytesIO(content))
    assert content.decode(guess.encoding) == content.decode(encoding)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("cp1250", "Zażółć gęślą jaźń"), ("cp1251", "Привет мир, Иванов"), ("iso8859-15", "Größe für 5 € und Œuvre")],
)
def test_rarer_encodings_are_told_too(encoding, text):
    assert text.encode(encoding).decode(guess_encoding(io.BytesIO(text.encode(encoding))).encoding) == text


def test_what_is_not_certain_is_said_with_words_to_choose_by():
    guess = guess_encoding(io.BytesIO("Name\nZoë\n".encode("cp850")))
    assert guess.sureness == "unsure"
    assert guess.examples["cp850"] == "Zoë"


@pytest.mark.parametrize(
    ("text", "delimiter", "skip_lines", "has_heading"),
    [
        ("Datum;Betrag\n01.01.2026;5,00\n02.01.2026;1.234,50\n", ";", 0, True),
        ("sep=\t\na\tb\n1,5\t2\n", "\t", 1, True),
        ("# Account: Inn\n# 20260101-20260131\n\nDay,Views\n20260101,7\n20260102,8\n", ",", 3, True),
        ("a@b.de;7\nc@d.de;8\n", ";", 0, False),
        ("Name|Year 2024|2025\nAnn|1|2\n", "|", 0, True),
        ("mail\na@b.de\nc@d.de\n", ",", 0, True),
        ('id,text\n1,"one; two; three"\n2,"four; five"\n', ",", 0, True),
    ],
)
def test_a_dialect_is_told_by_the_lines(text, delimiter, skip_lines, has_heading):
    found = guess_dialect(text.splitlines(keepends=True))
    assert (found.delimiter, found.skip_lines, found.has_heading) == (delimiter, skip_lines, has_heading)


def test_backslashes_before_quotes_and_single_quotes_are_understood(tmp_path):
    text = 'id,says\n1,"He said \\"hi, you\\""\n2,"plain"\n'
    assert read(written(tmp_path, text))[1] == [["1", 'He said "hi, you"'], ["2", "plain"]]
    assert read(written(tmp_path, "'id','says'\n'1','a, b'\n'2','c'\n"))[1] == [["1", "a, b"], ["2", "c"]]


def test_a_file_without_a_heading_gets_names_by_place_and_equal_names_are_numbered(tmp_path):
    assert read(written(tmp_path, "a@b.de;7\nc@d.de;8\n"))[:2] == (
        ("Column 1", "Column 2"),
        [["a@b.de", "7"], ["c@d.de", "8"]],
    )
    assert read(written(tmp_path, "Name,,Name\nx,y,z\n"))[0] == ("Name", "Column 2", "Name (2)")


CELLS = st.one_of(
    st.text("ab\"' \\", max_size=4), st.sampled_from(['"a"', '"a"b', '"a""b"', '""', '"', 'a"b', '"two\nlines"', "'+1"])
)


@given(st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=8))
@settings(max_examples=300, deadline=None)
def test_lines_read_many_at_once_are_as_those_read_one_by_one(rows):
    text = "".join(";".join(row) + "\n" for row in rows)

    def run(*, is_slow):
        records = Records(io.StringIO(text, newline=""), FileShape(delimiter=";", quote='"', encoding="utf-8"), 0)
        if is_slow:
            records._at_once = lambda _width: None
        refused, lines = [], []
        for columns, numbers in records.batches(3, refused.append):
            lines += zip(numbers, *columns, strict=True)
        return lines, refused

    assert run(is_slow=False) == run(is_slow=True)


@given(st.lists(st.lists(st.text("aä;,\"'\n\r €", max_size=6), min_size=2, max_size=2), min_size=1, max_size=20))
@settings(max_examples=200, deadline=None)
def test_whatever_a_correct_writer_writes_comes_back(rows):
    import csv

    rows = [row for row in rows if any(cell.strip() for cell in row) and not any(cell[:1] == "'" for cell in row)]
    target = io.StringIO(newline="")
    csv.writer(target, delimiter=";", quoting=csv.QUOTE_ALL).writerows(rows)
    target.seek(0)
    records = Records(target, FileShape(delimiter=";", quote='"', encoding="utf-8"), 0)
    found, refused = [], []
    for columns, _ in records.batches(2, refused.append):
        found += map(list, zip(*columns, strict=True))
    assert (found, refused) == (rows, [])
