"""Import in the interface, and the rules of channels."""

from __future__ import annotations

import html
import re
import time

import pytest

from stammgast.events import api
from stammgast.events.contracts import Event
from stammgast.events.enrichment.rules import DEFAULT_CHANNEL_RULES, ChannelRule
from stammgast.imports import jobs
from stammgast.imports.jobs import JobRunner
from stammgast.imports.keys import find_source
from stammgast.kernel.log import LogReader, LogWriter

# How handlers of all modules mark their arguments is settled in one place for all, not here.

ORDERS = "number,customer_id,mail,date,total,currency\n" + "".join(
    f"A{n},{n % 7},c{n % 7}@inn.example,2026-01-{n % 28 + 1:02d} 10:00:00,{n}.50,EUR\n" for n in range(40)
)
BROKEN = ORDERS + "A99,1,c1@inn.example,never,1,EUR\n"


def upload(analyst, content=ORDERS, name="orders.csv"):
    answer = analyst.post("/connect/import", {}, files={"file": (name, content.encode(), "text/csv")})
    return answer.headers["location"]


def form_of(page):
    """Return the answers of the page's form about columns, as a browser would send them."""
    form = page.text.split('value="form"', 1)[1].split("</form>", 1)[0]
    fields = {}
    for name, value in re.findall(r'<input[^>]*name="([a-z_]+)"[^>]*value="([^"]*)"', form):
        fields.setdefault(name, []).append(html.unescape(value))
    for name, options in re.findall(r'<select[^>]*name="([a-z_]+)".*?>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options) or re.search(r'value="([^"]*)"', options)
        fields.setdefault(name, []).append(html.unescape(chosen[1]))
    return {**fields, "how": "form"}


def worked(house, number, patience=20.0):
    """Let the runner work until the job rests, and return it."""
    runner = house.service(JobRunner)
    deadline = time.monotonic() + patience
    while (found := jobs.job(house, number)).is_busy:
        assert time.monotonic() < deadline, found
        runner.tick()
        time.sleep(0.02)
    return found


def sent(house):
    reader = LogReader(house.settings.log_dir, "tests")
    entries = reader.read(0, 10_000)
    reader.close()
    return [event for entry in entries for event in api.read_entry(entry, api.rules(house))]


def test_a_file_is_uploaded_mapped_tried_and_imported(house, analyst):
    path = upload(analyst, BROKEN)
    number = int(path.rsplit("/", 1)[1])
    analyst.post(f"{path}/map", form_of(analyst.get(path)))
    tried = worked(house, number)
    assert (tried.state, tried.trial.events, tried.trial.reasons) == ("draft", 40, {"wrong_time": 1})
    assert sent(house) == []
    page = analyst.get(path)
    assert "40" in page.text
    assert "Not a time of that form" in page.text
    analyst.post(f"{path}/start", {"source": "Old shop"})
    done = worked(house, number)
    assert (done.state, done.summary.sent, done.kept) == ("done", 40, 40)
    events = sent(house)
    assert len(events) == 40
    assert all(isinstance(event, Event) and event.is_import and event.currency == "EUR" for event in events)
    assert {event.source for event in events} == {find_source(house, "Old shop").id}
    refused = analyst.get(f"{path}/refused")
    assert "never" in refused.text
    assert not jobs.job_file(house, done).exists()


def test_what_was_answered_about_the_columns_stands_there_again(house, analyst):
    path = upload(analyst)
    answers = {**form_of(analyst.get(path)), "event": "Parcel Sent", "channel": "shop"}
    analyst.post(f"{path}/map", answers)
    worked(house, int(path.rsplit("/", 1)[1]))
    again = form_of(analyst.get(path))
    assert (again["event"], again["channel"]) == (["Parcel Sent"], ["shop"])


def test_a_map_written_as_text_is_kept_and_a_wrong_one_is_told_where_it_was_typed(analyst):
    path = upload(analyst)
    page = analyst.post(f"{path}/map", {"how": "yaml", "yaml": "name: x\nevents: []"}, status=422)
    assert "The map&#39;s events is not right" in page.text
    assert "events: []" in page.text


def test_a_ready_map_is_offered_when_its_columns_are_there(house, analyst):
    header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
    path = upload(analyst, header + "1,2,x,3,2011-01-01 10:00:00,1.5,7.0,France\n", "retail.csv")
    assert "Use the map online_retail" in analyst.get(path).text
    analyst.post(f"{path}/map", {"how": "ready", "ready": "online_retail"})
    assert worked(house, int(path.rsplit("/", 1)[1])).trial.events == 1


def test_an_import_that_was_cut_short_goes_on_after_a_restart(house, analyst):
    lines = "".join(f"B{n},{n},b{n}@inn.example,2026-01-01 10:00:00,1.00,EUR\n" for n in range(3_000))
    path = upload(analyst, ORDERS + lines)
    number = int(path.rsplit("/", 1)[1])
    analyst.post(f"{path}/map", form_of(analyst.get(path)))
    worked(house, number)
    analyst.post(f"{path}/start", {"source": ""})
    runner = JobRunner(house)
    house.service(LogWriter)
    runner.tick()
    runner.close()
    cut = jobs.job(house, number)
    assert cut.is_busy or cut.state == "done"
    done = worked(house, number)
    assert (done.state, done.kept) == ("done", 3_040)
    ids = [event.message_id for event in sent(house)]
    assert len(set(ids)) == 3_040


def test_a_stopped_import_says_so_and_can_go_on(house, analyst):
    path = upload(analyst)
    number = int(path.rsplit("/", 1)[1])
    analyst.post(f"{path}/map", form_of(analyst.get(path)))
    worked(house, number)
    analyst.post(f"{path}/start", {"source": ""})
    analyst.post(f"{path}/stop", {})
    assert worked(house, number).state == "stopped"
    assert "Stopped" in analyst.get(path).text
    analyst.post(f"{path}/start", {"source": ""})
    assert worked(house, number).state == "done"


def test_a_file_that_is_none_of_ours_is_told_on_its_page(analyst):
    path = upload(analyst, "", "empty.csv")
    assert "be read" in analyst.get(path).text


def test_an_import_is_removed_with_its_file(house, analyst):
    path = upload(analyst)
    analyst.post(f"{path}/remove", {})
    analyst.get(path, status=404)
    assert not jobs.job_folder(house, int(path.rsplit("/", 1)[1])).exists()


def test_nobody_below_an_analyst_may_import(viewer):
    viewer.get("/connect/import", status=403)


def test_the_progress_of_a_rested_import_reloads_the_page(analyst):
    assert analyst.get(upload(analyst) + "/progress").headers["hx-refresh"] == "true"


def test_pages_speak_german(analyst):
    analyst.language = "de"
    assert "Hochladen und ansehen" in analyst.get("/connect/import").text
    assert "Kanäle" in analyst.get("/settings/channels").text


FIELDS = ("event", "page", "source", "source_kind", "type", "library", "channel", "touchpoint")


def lines_of(*rules):
    """Return the form's fields for rules, as a browser sends them: one of each a line, empty lines at the end."""
    return {name: [str(getattr(rule, name) or "") for rule in rules] + [""] for name in FIELDS}


def test_channel_rules_are_kept_and_brought_back(house, analyst):
    mine = (ChannelRule(event="Parcel *", channel="post"), ChannelRule(page="/help/*", touchpoint="Help"))
    analyst.post("/settings/channels", {**lines_of(*mine), "do": "save"})
    assert api.channel_rules(house) == mine
    analyst.post("/settings/channels", {"do": "reset"})
    assert api.channel_rules(house) == DEFAULT_CHANNEL_RULES


def test_moving_a_rule_changes_the_form_and_keeps_nothing_yet(house, analyst):
    mine = (ChannelRule(event="First", channel="web"), ChannelRule(event="Second", channel="app"))
    page = analyst.post("/settings/channels", {**lines_of(*mine), "do": "down:0"}, status=200).text
    assert page.index('value="Second"') < page.index('value="First"')
    assert api.channel_rules(house) == DEFAULT_CHANNEL_RULES


@pytest.mark.parametrize(
    "rule", [ChannelRule(event="X"), ChannelRule(channel="web"), ChannelRule(event="*a*b*c*d*e*f", channel="x")]
)
def test_a_rule_that_cannot_work_is_refused_and_stays_in_the_form(house, analyst, rule):
    page = analyst.post("/settings/channels", {**lines_of(rule), "do": "save"}, status=422).text
    assert "ule 1:" in page
    assert api.channel_rules(house) == DEFAULT_CHANNEL_RULES
