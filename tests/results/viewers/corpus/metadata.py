"""What a run says of itself."""

from tests.results.viewers.folders import FINISHED, PERIODIC, STARTED, Case, say, write

FILE = "artifacts/metadata.json"

CASES = [
    Case(
        "metadata is a list", PERIODIC, [say(FINISHED, metadata=["cluster"])], {
            ("metadata-no-object", FINISHED): "TestGrid Spyglass kettle deck",
            ("metadata-file-not-merged", FILE): "TestGrid Spyglass",
        },
    ),
    Case(
        "metadata holds a number", PERIODIC, [say(FINISHED, metadata={"cluster": "e2e-1", "nodes": 3})],
        {("metadata-no-text", FINISHED): "TestGrid Spyglass"},
    ),
    Case(
        "a map in metadata holds a number", PERIODIC,
        [say(FINISHED, metadata={"cluster": "e2e-1", "nodes": {"gpu": {"a": 3}, "cpu": "1"}})],
        {("metadata-no-text", FINISHED): "Spyglass"},
    ),
    Case(
        "artifacts/metadata.json is cut off", PERIODIC, [write(FILE, '{"cluster": ')],
        {("metadata-file-broken", FILE): "TestGrid Spyglass"},
    ),
    Case(
        "artifacts/metadata.json was not merged", PERIODIC, [write(FILE,
        {"cluster": "e2e-1", "image": "a:b"})],
        {("metadata-file-not-merged", FILE): "TestGrid Spyglass"},
    ),
    Case(
        "a link is a text", PERIODIC,
        [say(STARTED, metadata={"links": {"ui": "https://here", "logs": {"url": "https://there"}}})],
        {("links-misshapen", STARTED): "Spyglass"},
    ),
    Case(
        "links are a list", PERIODIC, [say(STARTED, metadata={"links": ["https://here"]})], {
            ("links-misshapen", STARTED): "Spyglass", ("metadata-no-text", STARTED): "TestGrid Spyglass",
        },
    ),
    Case(
        "links come with the end", PERIODIC,
        [say(FINISHED, metadata={"cluster": "e2e-1", "links": {"ui": {"url": "https://here"}}})],
        {("links-too-late", FINISHED): "Spyglass"},
    ),
]  # fmt: skip
