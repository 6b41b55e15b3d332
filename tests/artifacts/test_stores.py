"""What every store promises, asked of each kind: a folder, Google's bucket and one that speaks S3."""

import io
import multiprocessing
from collections.abc import Callable
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from py.artifacts import Store, open_store
from py.tools.errors import Absent, StoreError, UsageError

PARTS = st.text(
    st.characters(codec="utf-8", exclude_characters="/\ufffe\uffff", exclude_categories=("Cc", "Cs")),
    min_size=1,
    max_size=20,
).filter(lambda part: part not in (".", ".."))
AT_LIMITS = [0, 1, *(limit + more for limit in (64 << 10, 256 << 10) for more in (-1, 0, 1))]  # bytes
NAMES = st.lists(PARTS, min_size=1, max_size=4).map("/".join)


@pytest.fixture
def store(store_url: str) -> Store:
    return open_store(store_url)


def names(store: Store, folder: str = "") -> list[str]:
    return [item.name for item in store.list(folder)]


def test_what_was_put_is_read_back(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"from a path")
    store.put("a/bytes.txt", b"from memory")
    store.put("a/path.txt", path)
    store.put("a/stream.txt", io.BytesIO(b"from a stream"))
    assert store.get("a/bytes.txt") == b"from memory"
    assert store.get("a/path.txt") == b"from a path"
    assert store.get("a/stream.txt") == b"from a stream"
    with store.open("a/bytes.txt") as stream:
        assert stream.read(4) == b"from"
        assert stream.read() == b" memory"


def test_a_stream_is_read_from_where_it_is(store: Store) -> None:
    stream = io.BytesIO(b"0123456789")
    stream.seek(5)
    store.put("half", stream)
    assert store.get("half") == b"56789"


def test_a_later_put_takes_the_place_of_an_earlier_one(store: Store) -> None:
    store.put("log.txt", b"long " * 1000, metadata={"try": "1"})
    first = store.find("log.txt")
    store.put("log.txt", b"short")
    second = store.find("log.txt")
    assert store.get("log.txt") == b"short"
    assert store.metadata("log.txt") == {}
    assert first and second and first.version != second.version


def test_what_is_not_there_is_absent(store: Store) -> None:
    store.put("folder/file", b"")
    for name in ("nothing", "folder", "folder/file/below"):
        for read in (store.get, store.open, store.metadata):
            with pytest.raises(Absent, match=f"^{store.url}/{name}: there is no such file$"):
                read(name)
        assert store.find(name) is None
        store.delete(name)
    assert names(store) == ["folder/file"]
    assert names(store, "nowhere") == []
    assert list(store.folders("nowhere")) == []
    assert names(open_store(f"{store.url}/nowhere")) == []


def test_an_empty_file_is_a_file(store: Store) -> None:
    store.put("empty.txt", b"")
    item = store.find("empty.txt")
    assert item and item.size == 0
    assert store.get("empty.txt") == b""


def test_a_list_is_in_order_of_names_and_of_one_folder(store: Store) -> None:
    given = ["logs/job/2/b.txt", "logs/job/10/a.txt", "logs/job-2/x", "logs/job.txt", "logsx", "logs/job/10"]
    there = [name for name in given if name != "logs/job/10"]
    for name in there:
        store.put(name, name.encode())
    assert names(store) == sorted(there)
    assert names(store, "logs/job") == ["logs/job/10/a.txt", "logs/job/2/b.txt"]
    assert list(store.folders()) == ["logs"]
    assert list(store.folders("logs")) == ["job", "job-2"]
    assert list(store.folders("logs/job")) == ["10", "2"]
    assert list(store.folders("logs/job/2")) == []


def test_an_item_tells_size_time_and_version(store: Store) -> None:
    store.put("file.txt", b"12345")
    found = store.find("file.txt")
    assert found and found == next(store.list())
    assert found.size == 5
    assert found.modified > 1.7e9


def test_what_was_deleted_is_gone_and_leaves_no_folder(store: Store) -> None:
    store.put("a/b/c.txt", b"1", metadata={"link": "x"})
    store.put("a/d.txt", b"2")
    store.delete("a/b/c.txt")
    store.delete("a/b/c.txt")
    assert names(store) == ["a/d.txt"]
    assert list(store.folders("a")) == []
    store.put("a/b/c.txt", b"3")
    assert store.metadata("a/b/c.txt") == {}


def test_metadata_is_kept_and_no_file_of_its_own(store: Store) -> None:
    said = {"x-goog-meta-link": "gs://bucket/logs/1", "x-y": "a b, c; d"}
    store.put("1.txt", b"gs://bucket/logs/1", metadata=said)
    assert store.metadata("1.txt") == said
    assert names(store) == ["1.txt"]
    store.put("2.txt", b"")
    assert store.metadata("2.txt") == {}


def test_put_if_absent_writes_once(store: Store) -> None:
    assert store.put_if_absent("leases/a", b"mine")
    assert not store.put_if_absent("leases/a", b"theirs")
    assert store.get("leases/a") == b"mine"
    store.delete("leases/a")
    assert store.put_if_absent("leases/a", b"theirs")
    assert not store.put_if_absent("leases/a", bytes(9 << 20))  # too large for one part
    assert store.get("leases/a") == b"theirs"


def test_swap_writes_only_over_the_version_that_was_seen(store: Store) -> None:
    store.put("counter", b"1")
    first = store.find("counter")
    assert first
    assert store.swap("counter", b"2", first.version)
    assert not store.swap("counter", b"3", first.version)
    assert store.get("counter") == b"2"
    store.delete("counter")
    second = store.find("counter")
    assert second is None
    assert not store.swap("counter", b"4", first.version)
    assert names(store) == []
    store.put("counter", b"5")
    assert not store.swap("counter", b"6", first.version)


def test_many_files_are_put_at_once(store: Store, tmp_path: Path) -> None:
    files = {}
    for number in range(50):
        path = tmp_path / f"{number}.txt"
        path.write_bytes(b"%d" % number * 100)
        files[f"artifacts/{number:02}/file.txt"] = path
    store.put_all(files)
    assert names(store) == list(files)
    assert store.get("artifacts/07/file.txt") == b"7" * 100
    store.put_all({})


def test_many_files_of_any_size_take_the_place_of_earlier_ones(store: Store, tmp_path: Path) -> None:
    files = {}
    for number, size in enumerate([*AT_LIMITS, *[10_000] * 30]):
        path = tmp_path / str(number)
        path.write_bytes(bytes([number]) * size)
        files[f"folder/{number:02}"] = path
    store.put_all(dict(list(files.items())[::2]))
    first = store.find("folder/06")
    files["folder/06"].write_bytes(b"anew")
    store.put_all(files)
    second = store.find("folder/06")
    assert first and second and first.version != second.version
    assert {name: store.get(name) for name in files} == {
        name: path.read_bytes() for name, path in files.items()
    }


def test_one_file_of_many_that_cannot_be_read_is_told(store: Store, tmp_path: Path) -> None:
    (tmp_path / "there").write_bytes(b"1")
    with pytest.raises(StoreError, match=f"^{tmp_path}/lost, which is to be stored, cannot be read"):
        store.put_all({"a": tmp_path / "there", "b": tmp_path / "lost", "c": tmp_path / "there"})


def test_a_store_opened_in_a_folder_sees_that_folder(store: Store) -> None:
    store.put("logs/job/1/started.json", b"{}", metadata={"by": "us"})
    inside = open_store(f"{store.url}/logs/job/")
    assert inside.url == f"{store.url}/logs/job"
    assert names(inside) == ["1/started.json"]
    assert inside.metadata("1/started.json") == {"by": "us"}


def test_a_check_leaves_nothing_behind(store: Store) -> None:
    store.check()
    assert names(store) == []


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=NAMES, content=st.binary(max_size=5000))
def test_any_name_and_content_come_back_as_they_were(store: Store, name: str, content: bytes) -> None:
    store.put(name, content)
    try:
        assert store.get(name) == content
        with store.open(name) as stream:
            assert stream.read() == content
        item = store.find(name)
        assert item and (item.name, item.size) == (name, len(content))
        assert names(store) == [name]
        assert list(store.folders()) == name.split("/")[:-1][:1]
    finally:
        store.delete(name)
    assert names(store) == []


WRONG = ["", "/", "/etc/passwd", "..", "a/../../b", "a//b", "a/", "./a", "a\nb", "\0", "\udcff", "a" * 256,
         "/".join(["a" * 200] * 6), ".windtunnel.lock", "a/.windtunnel.b/c"]  # fmt: skip


def test_a_name_that_leads_elsewhere_or_cannot_be_kept_is_refused(store: Store) -> None:
    calls: list[Callable[[str], object]] = [
        lambda name: store.put(name, b""), lambda name: store.put_all({name: Path("/dev/null")}),
        lambda name: store.put_if_absent(name, b""), lambda name: store.swap(name, b"", "1"),
        store.get, store.open, store.find, store.metadata, store.delete,
    ]  # fmt: skip
    for name in WRONG:
        for call in calls:
            with pytest.raises(UsageError) as error:
                call(name)
            assert "\n" not in str(error.value)
    for name in filter(None, WRONG):  # no name at all is the store's own folder
        for look in (store.list, store.folders):
            with pytest.raises(UsageError):
                look(name)
    assert names(store) == []


WRONG_METADATA = (
    {"Link": "x"},
    {"a b": "x"},
    {"link": "ü"},
    {"link": "a\nb"},
    {"link": " x"},
    {"a": "x" * 2000},
)


def test_metadata_that_some_store_would_lose_is_refused(store: Store) -> None:
    for metadata in WRONG_METADATA:
        with pytest.raises(UsageError, match="metadata"):
            store.put("a", b"", metadata=metadata)
    assert names(store) == []


RACERS, ROUNDS = 3, 10


def _race(url: str, number: int, start: Barrier, wins: "Queue[tuple[int, list[int]]]") -> None:
    store = open_store(url)
    start.wait()
    won = [round for round in range(ROUNDS) if store.put_if_absent(f"leases/{round}", b"%d" % number)]
    counted = 0
    while counted < ROUNDS:
        item = store.find("counter")
        assert item
        counted += store.swap("counter", b"%d" % (int(store.get("counter")) + 1), item.version)
    wins.put((number, won))


def test_of_several_processes_exactly_one_wins(store: Store) -> None:
    store.put("counter", b"0")
    context = multiprocessing.get_context("spawn")
    wins = context.Queue()
    start = context.Barrier(RACERS)
    racers = [context.Process(target=_race, args=(store.url, n, start, wins)) for n in range(RACERS)]
    for racer in racers:
        racer.start()
    won = dict(wins.get(timeout=60) for _ in racers)
    for racer in racers:
        racer.join()
    assert sorted(round for rounds in won.values() for round in rounds) == list(range(ROUNDS))
    for number, rounds in won.items():
        assert {store.get(f"leases/{round}") for round in rounds} <= {b"%d" % number}
    assert store.get("counter") == b"%d" % (ROUNDS * RACERS)
