"""JUnit files as wholes."""

from tests.results.viewers.folders import (
    ALL_JUNIT,
    JUNIT,
    PERIODIC,
    Case,
    case,
    grow,
    junit,
    rename,
    write,
)  # fmt: skip

BOMB = '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>' + junit(case("&c;"))
BARE = f'<testsuite name="unit" failures="0" tests="1" time="0.1">{case()}</testsuite>'
NESTED = f'<testsuite name="inner">{case("deep")}</testsuite>'
BROKEN = {("junit-broken", JUNIT): ALL_JUNIT}


def named(name: str) -> str:
    return f"artifacts/{name}"


def moved(name: str, blind: str) -> Case:
    return Case(f"JUnit is called {name}", PERIODIC, [rename(JUNIT, name)], {("junit-name", name): blind})


CASES = [
    moved(named("TEST-unit.xml"), ALL_JUNIT),
    moved(named("test.xml"), "Spyglass Gubernator kettle"),
    moved(named("junit.xml"), "Gubernator"),
    moved(named("junitunit.xml"), "Gubernator"),
    moved(named("unit/junit_unit.xml"), "Spyglass Gubernator kettle"),
    moved(named("junit_unit/results.xml"), "Gubernator kettle"),
    moved("junit_unit.xml", "Spyglass Gubernator kettle"),
    Case(
        "JUnit's name has underscores", PERIODIC, [rename(JUNIT, named("junit_unit_tests.xml"))],
        {("junit-name-underscores", named("junit_unit_tests.xml")): "TestGrid"},
    ),
    Case(
        "JUnit of a gigabyte", PERIODIC, [grow(JUNIT, 1_000_000_000)],
        {("junit-too-large", JUNIT): "TestGrid Spyglass"},
    ),
    Case("JUnit was cut off", PERIODIC, [write(JUNIT, junit(case())[:-20])], BROKEN),
    Case("JUnit is no UTF-8", PERIODIC, [write(JUNIT, junit(case("K\u00f6ln")).encode("latin-1"))], BROKEN),
    Case("JUnit holds a control character", PERIODIC, [write(JUNIT, junit(case("\x1b[31mred")))], BROKEN),
    Case("JUnit is nested for ever", PERIODIC, [write(JUNIT, "<testsuites>" + "<a>" * 200_000)], BROKEN),
    Case("JUnit is JSON", PERIODIC, [write(JUNIT, {"passed": 1})], BROKEN),
    Case("JUnit is a bomb", PERIODIC, [write(JUNIT, BOMB)], {("junit-entities", JUNIT): ALL_JUNIT}),
    Case(
        "JUnit is a page", PERIODIC, [write(JUNIT, "<html><body/></html>")],
        {("junit-root", JUNIT): ALL_JUNIT},
    ),
    Case(
        "JUnit has a namespace", PERIODIC,
        [write(JUNIT, junit(case()).replace("<testsuites", '<testsuites xmlns="urn:junit"'))],
        {("junit-namespace", JUNIT): "Gubernator kettle"},
    ),
    Case(
        "JUnit is declared Latin-1", PERIODIC,
        [write(JUNIT, b'<?xml version="1.0" encoding="ISO-8859-1"?>' + junit(case()).encode())],
        {("junit-encoding", JUNIT): "TestGrid Spyglass"},
    ),
    Case(
        "JUnit is empty", PERIODIC, [write(JUNIT, "")],
        {("junit-without-cases", JUNIT): "TestGrid Spyglass Gubernator"},
    ),
    Case(
        "JUnit has no case", PERIODIC, [write(JUNIT, "<testsuites/>")],
        {("junit-without-cases", JUNIT): "TestGrid Spyglass Gubernator"},
    ),
    Case(
        "a suite's time has a comma", PERIODIC, [write(JUNIT, junit(case(), given='time="1,234.5"'))],
        {("suite-number", JUNIT): "TestGrid Spyglass"},
    ),
    Case(
        "a suite counts in words", PERIODIC, [write(JUNIT, junit(case(), given='tests="one"'))],
        {("suite-number", JUNIT): "TestGrid Spyglass"},
    ),
    Case(
        "the suite has no name", PERIODIC,
        [write(JUNIT, f"<testsuites><testsuite>{case()}</testsuite></testsuites>")],
        {("suite-without-name", JUNIT): "Gubernator kettle"},
    ),
    Case(
        "properties beside the suite", PERIODIC,
        [write(JUNIT, junit(case()).replace("<testsuites>", "<testsuites><properties/>"))],
        {("suite-stranger", JUNIT): "Gubernator"},
    ),
    Case(
        "the ancestor: one bare suite", PERIODIC, [write(JUNIT, BARE)], {("bare-suite", JUNIT): "Gubernator"},
    ),
    Case(
        "a bare suite with output", PERIODIC, [write(JUNIT, BARE.replace("</", "<system-out/></", 1))],
        {("bare-suite", JUNIT): "Gubernator"},
    ),
    Case(
        "a bare suite with output of its own", PERIODIC,
        [write(JUNIT, BARE.replace("</testsuite>", "<system-out/></testsuite>"))],
        {("bare-suite", JUNIT): "Gubernator", ("suite-stranger", JUNIT): "Gubernator"},
    ),
    Case(
        "suites in suites", PERIODIC, [write(JUNIT, junit(case(), NESTED))],
        {("suite-in-suite", JUNIT): "Gubernator kettle"},
    ),
    Case(
        "the ancestor: cases without a time", PERIODIC, [write(JUNIT, junit(case(given='classname="sums"')))],
        {("case-without-time", JUNIT): "Gubernator"},
    ),
    Case(
        "a time has a comma", PERIODIC, [write(JUNIT, junit(case(given='time="1,234.5"')))],
        {("case-time", JUNIT): ALL_JUNIT},
    ),
    Case(
        "a case has no name", PERIODIC, [write(JUNIT, junit(case("")))],
        {("case-without-name", JUNIT): ALL_JUNIT},
    ),
]  # fmt: skip
