"""What nobody can do over HTTP, and what the read-only account cannot do."""

from __future__ import annotations

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

REACHES_OUT = [
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT file('/etc/passwd')",
    "SELECT `file`('/etc/passwd')",
    "SELECT \"file\"('/etc/passwd')",
    r"SELECT `fi\x6ce`('/etc/passwd')",
    "SELECT\u201cfile\u201d('/etc/passwd')",
    "SELECT file /* hidden */ -- here\n ('/etc/passwd')",
    "SELECT '\\'' , file('/etc/passwd') -- '",
    "SELECT * APPLY(file) FROM (SELECT '/etc/passwd')",
    "SELECT * APPLY file FROM (SELECT '/etc/passwd')",
    "SELECT arrayMap(x -> file(x), ['/etc/passwd'])",
    "SELECT $tag$ ' $tag$, file('/etc/passwd')",
    "CREATE FUNCTION leak AS x -> file(x)",
    "WITH file('/etc/passwd') AS secret SELECT secret",
    "SELECT * FROM url('http://127.0.0.1:1/', 'CSV')",
    "SELECT * FROM s3('http://127.0.0.1:1/bucket/key', 'CSV')",
    "SELECT * FROM remote('127.0.0.1:1', system.one)",
    "SELECT * FROM remoteSecure('127.0.0.1:1', system.one)",
    "SELECT * FROM cluster('default', system.one)",
    "SELECT * FROM executable('ls', 'LineAsString', 'a String')",
    "SELECT * FROM Python(options)",
    "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM postgresql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM sqlite('x.db', 't')",
    "SELECT * FROM hdfs('hdfs://127.0.0.1:1/x', 'CSV')",
    "SELECT * FROM iceberg('http://127.0.0.1:1/x')",
    "INSERT INTO FUNCTION file('leak.csv') SELECT 1",
    "INSERT INTO TABLE FUNCTION url('http://127.0.0.1:1/', 'CSV', 'a Int8') VALUES (1)",
    "SELECT 1 INTO OUTFILE 'leak.csv'",
    "INSERT INTO t FROM INFILE '/etc/passwd' FORMAT LineAsString",
    "CREATE TABLE leak (a String) ENGINE = File(LineAsString)",
    "CREATE TABLE leak (a String) ENGINE = URL('http://127.0.0.1:1/', CSV)",
    "CREATE TABLE leak (a String) ENGINE = S3('http://127.0.0.1:1/bucket/key', CSV)",
    "CREATE TABLE leak (a String) ENGINE = MySQL('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "CREATE TABLE leak (a String) ENGINE = Executable('ls', CSV)",
    "CREATE TABLE leak (a String) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = local, path = '/tmp/leak/')",
    "CREATE DATABASE leak ENGINE = Filesystem('/etc')",
    (
        "CREATE DICTIONARY leak (a UInt64, b String) PRIMARY KEY a SOURCE(FILE(path '/etc/passwd' format 'CSV'))"
        " LAYOUT(FLAT()) LIFETIME(0)"
    ),
    (
        "CREATE DICTIONARY leak (a UInt64, b String) PRIMARY KEY a SOURCE(HTTP(url 'http://127.0.0.1:1/' format 'CSV'))"
        " LAYOUT(FLAT()) LIFETIME(0)"
    ),
    (
        "CREATE DICTIONARY leak (a UInt64, b String) PRIMARY KEY a SOURCE(EXECUTABLE(command 'ls' format 'CSV'))"
        " LAYOUT(FLAT()) LIFETIME(0)"
    ),
    "BACKUP DATABASE stammgast TO File('leak.zip')",
    "CREATE USER leak",
    "GRANT ALL ON *.* TO default",
    "SYSTEM SHUTDOWN",
    "SET dialect = 'kusto'",
]


@pytest.mark.parametrize("sql", REACHES_OUT)
def test_nothing_reaches_out_of_the_database(warehouse, sql):
    answer = warehouse.post(sql)
    assert answer.status in {403, 500}, answer.data
    # 497 is a missing right, ours or the engine's; 452 a setting that is fixed.
    assert answer.headers["X-ClickHouse-Exception-Code"] in {"497", "452"}, answer.data
    assert b"root:" not in answer.data


def test_a_name_that_only_looks_like_a_forbidden_one_is_fine(client):
    client.command("CREATE TABLE file (url String, file String, profile String) ENGINE = Memory")
    client.command("INSERT INTO file (url, file) VALUES ('file(', 'remote(''x'')')")
    sql = "SELECT url, file, cutURLParameter(url, 'a') /* file('x') */ FROM file WHERE file != 'file(''x'')'"
    assert client.query(sql).first_row == ("file(", "remote('x')", "file(")


BEYOND_A_READER = [
    "SELECT * FROM stammgast.secret",
    "INSERT INTO seen VALUES (1)",
    "CREATE TABLE mine (a Int8) ENGINE = Memory",
    "CREATE TEMPORARY TABLE mine (a Int8)",
    "DROP VIEW seen",
    "ALTER TABLE stammgast.secret DELETE WHERE 1",
    "SET ROLE ALL",
    "SET ROLE owner",
    "SET max_threads = 1",
    "SELECT 1 SETTINGS max_execution_time = 0",
    "SELECT 1 SETTINGS `readonly` = 0",
    "USE stammgast",
    "SELECT 1; SET ROLE ALL",
    "KILL QUERY WHERE 1",
    "SYSTEM FLUSH LOGS",
    "SELECT * FROM system.processes",
    "SELECT * FROM `system`.`processes`",
    "SELECT * FROM merge('system', 'processes')",
    "SELECT * FROM {t:Identifier}",
    "SHOW PROCESSLIST",
    "SELECT * FROM system.stack_trace",
    "SELECT * FROM system.parts",
    "SELECT file('/etc/passwd')",
    "EXPLAIN SELECT * FROM stammgast.secret",
    "DESCRIBE TABLE stammgast.secret",
    "SHOW CREATE TABLE stammgast.secret",
    "SHOW TABLES FROM stammgast",
]


@pytest.fixture
def secret(client):
    client.command("CREATE TABLE IF NOT EXISTS secret (a Int32, mail String) ENGINE = MergeTree ORDER BY a")
    client.command("INSERT INTO secret VALUES (1, 'alice@example.org')")
    client.command(
        "CREATE VIEW IF NOT EXISTS stammgast_bi.seen DEFINER = default SQL SECURITY DEFINER AS SELECT a FROM stammgast.secret"
    )


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize("sql", BEYOND_A_READER)
def test_charlie_the_reader_sees_nothing_but_views(warehouse, sql):
    answer = warehouse.post(sql, ("bi", "reader:secret"), param_t="seen")
    if sql.startswith("SHOW TABLES"):
        assert answer.data == b""
        return
    assert answer.headers["X-ClickHouse-Exception-Code"] in {"164", "497", "62", "452"}, answer.data
    assert b"alice" not in answer.data


@pytest.mark.usefixtures("secret")
def test_the_reader_reads_views_and_tables_of_names(reader):
    assert reader.query("SELECT a FROM seen LIMIT 1").result_rows == [(1,)]
    assert reader.query("SELECT max(a) FROM stammgast_bi.seen").first_row == (1,)
    assert reader.query("SHOW TABLES").result_rows == [("seen",)]
    assert reader.query("SELECT name FROM system.tables WHERE database != 'system'").result_rows == [("seen",)]
    with pytest.raises(DatabaseError):
        reader.query("SELECT mail FROM seen")


@pytest.mark.usefixtures("secret")
def test_the_readers_session_stays_a_readers(warehouse):
    account = ("bi", "reader:secret")
    assert warehouse.post("SELECT currentRoles()", account, session_id="s").data == b"['reader']\n"
    assert warehouse.post("SET ROLE ALL", account, session_id="s").status == 500
    assert warehouse.post("SELECT * FROM stammgast.secret", account, session_id="s").status == 403
    # The owner's session of the same name is another one.
    assert warehouse.post("SELECT currentRoles()", session_id="s").data == b"['owner','reader']\n"


def test_the_reader_cannot_lift_its_limits(warehouse):
    for name in ("max_execution_time", "max_memory_usage", "timeout_overflow_mode"):
        answer = warehouse.post("SELECT 1", ("bi", "reader:secret"), **{name: "0"})
        assert answer.headers["X-ClickHouse-Exception-Code"] == "452"
    assert warehouse.post("SELECT 1", ("bi", "reader:secret"), readonly=1, max_threads=1).data == b"1\n"


def test_the_reader_cannot_use_a_database_of_the_server(warehouse):
    answer = warehouse.post("SELECT query FROM processes", ("bi", "reader:secret"), database="system")
    assert answer.headers["X-ClickHouse-Exception-Code"] == "497"
