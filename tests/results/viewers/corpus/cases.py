"""The cases of JUnit files. The run is red wherever a case is, so that nothing but the case is wrong."""

from tests.results.viewers.folders import FINISHED, JUNIT, PERIODIC, Case, case, junit, say, write

RED = say(FINISHED, passed=False, result="FAILURE")


def red(name: str, inside: str, fault: str, viewers: str) -> Case:
    return Case(name, PERIODIC, [RED, write(JUNIT, junit(case("adds", inside)))], {(fault, JUNIT): viewers})


def green(name: str, *cases: str, fault: str, viewers: str) -> Case:
    return Case(name, PERIODIC, [write(JUNIT, junit(*cases))], {(fault, JUNIT): viewers})


CASES = [
    red("an <error>", "<error>no</error>", "error-element", "Gubernator kettle"),
    red(
        "the ancestor: what failed is in the message", '<failure message="no"/>', "failure-without-text",
        "Gubernator kettle",
    ),
    red(
        "the text is in an element", "<failure><pre>no</pre></failure>", "failure-without-text",
        "Gubernator kettle",
    ),
    red(
        "skipped and failed", '<skipped message="later"/><failure>no</failure>', "skipped-and-failed",
        "Spyglass kettle",
    ),
    red("a long text", f"<failure>{'no ' * 4000}</failure>", "failure-long", "TestGrid"),
    red("a long message", f'<failure message="{"no " * 50}">no</failure>', "message-long", "TestGrid"),
    green(
        "skipped, and nobody says why", case(), case("b", "<skipped/>"),
        fault="skipped-without-reason", viewers="TestGrid",
    ),
    green(
        "skipped since it was skipped", case("b", '<skipped message="skipped"/>'),
        fault="skipped-without-reason",
        viewers="TestGrid",
    ),
    green("a test's name has a #", case("adds#01"), fault="number-sign-in-case", viewers="kettle"),
    green("two of one name", case(), case(), fault="name-taken", viewers="TestGrid"),
    green("thirty of one name", *[case()] * 30, fault="name-taken-too-often", viewers="TestGrid"),
    green(
        "Gubernator's own properties",
        case("adds", "<properties><property><name>a</name><value>1</value></property></properties>"),
        fault="property-children", viewers="TestGrid Spyglass",
    ),
    Case(
        "two of one name in two files", PERIODIC, [write("artifacts/junit_again.xml", junit(case()))],
        {("name-taken", JUNIT): "TestGrid"},
    ),
]  # fmt: skip
