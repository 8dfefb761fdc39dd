"""Archives from a learning platform, taken in by `nbgrader zip_collect`: none of them writes where it should not."""

import io
import re
import tarfile
import zipfile

import pytest
from hostile.arena import digest, make_course

REGEXP = r".*/(?P<student_id>[^/]+)/(?P<file_id>[^/]+)\.ipynb$"


def climbing_zip(path, good, outside):
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("01_scores.ipynb", good)
        up = "../../../../grading_salt.txt"
        for name in (up, up.replace("/", "\\"), "../aaa/01_scores.ipynb", str(outside / "zip")):
            packed.writestr(name, "known")


def climbing_tar(path, good, outside):
    with tarfile.open(path, "w:gz") as packed:
        add(packed, "01_scores.ipynb", good)
        for name in ("../../../../grading_salt.txt", "../aaa/01_scores.ipynb", str(outside / "tar")):
            add(packed, name, b"known")


def linking_tar(path, good, outside):
    """A link to a folder outside and a file through it; a link and a hard link to a secret."""
    with tarfile.open(path, "w:gz") as packed:
        add(packed, "01_scores.ipynb", good)
        add(packed, "way", kind=tarfile.SYMTYPE, link=str(outside))
        add(packed, "way/through", b"known")
        add(packed, "secret.txt", kind=tarfile.SYMTYPE, link="../../../../grading_salt.txt")
        add(packed, "secret-too.txt", kind=tarfile.LNKTYPE, link="../../../../grading_salt.txt")
        add(packed, "pipe", kind=tarfile.FIFOTYPE)


def linking_zip(path, good, outside):
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("01_scores.ipynb", good)
        link = zipfile.ZipInfo("way")
        link.external_attr = 0o120777 << 16
        packed.writestr(link, str(outside))
        packed.writestr("way/through", "known")


def add(packed, name, data=b"", kind=tarfile.REGTYPE, link=""):
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.size = kind, link, len(data)
    packed.addfile(member, io.BytesIO(data))


def bomb(path, good, outside):
    """A few megabytes that become five hundred."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("01_scores.ipynb", good)
        with packed.open("zeros.bin", "w") as file:
            for _ in range(500):
                file.write(bytes(1_000_000))


def long_names(path, good, outside):
    with tarfile.open(path, "w:gz") as packed:
        add(packed, "01_scores.ipynb", good)
        add(packed, "x" * 1_000_000, b"a name of a megabyte")
        add(packed, "y/" * 3000 + "deep", b"a name of many folders")


def broken(path, good, outside):
    path.write_bytes(b"PK\x03\x04 and then nothing")


ARCHIVES = {"climbs.zip": climbing_zip, "climbs-too.tar.gz": climbing_tar, "links.tar.gz": linking_tar,
            "links-too.zip": linking_zip, "bomb.zip": bomb, "long.tar.gz": long_names, "broken.zip": broken}
HONEST = ("aaa", "zzz")


@pytest.fixture(scope="module")
def collected(tmp_path_factory, run_nbgrader):
    """All archives collected at once, two honest ones among them: the course folder, what was there before, and the rest."""
    root = tmp_path_factory.mktemp("archives")
    course, _ = make_course(root, run_nbgrader)
    outside, archives = root / "outside", course / "downloaded" / "streamflow" / "archive"
    outside.mkdir()
    archives.mkdir(parents=True)
    good = (course / "release" / "streamflow" / "01_scores.ipynb").read_bytes()
    for name in HONEST:
        with zipfile.ZipFile(archives / f"{name}.zip", "w") as packed:
            packed.writestr("01_scores.ipynb", good)
    for name, make in ARCHIVES.items():
        make(archives / name, good, outside)
    before = digest(course)
    done = run_nbgrader(course, "zip_collect", "streamflow", f"--FileNameCollectorPlugin.named_regexp={REGEXP}",
                        "--ZipCollectApp.extractor_plugin=autograder.archives.CarefulExtractor", check=False)
    return course, before, outside, done.stderr


def test_nothing_is_written_outside(collected):
    course, before, outside, _ = collected
    assert list(outside.iterdir()) == []
    after = digest(course)
    assert {path: after.get(path) for path in before} == before
    salt = (course / "grading_salt.txt").read_bytes().strip()
    assert [path for path in (course / "submitted").rglob("*") if path.is_file() and salt in path.read_bytes()] == []


@pytest.mark.parametrize("name", HONEST)
def test_a_bad_archive_does_not_stop_the_others(collected, name):
    course, _, _, said = collected
    assert (course / "submitted" / name / "streamflow" / "01_scores.ipynb").is_file(), said[-2000:]


@pytest.mark.parametrize("name", ARCHIVES)
def test_what_was_left_out_is_named(collected, name):
    assert re.search(rf"WARNING\] {re.escape(name)}:? (left out|cannot be read)", collected[3])


@pytest.mark.parametrize("name", [name for name in ARCHIVES if name != "broken.zip"])
def test_what_is_good_in_a_bad_archive_is_taken(collected, name):
    learner = name.removesuffix(".zip").removesuffix(".tar.gz")
    assert (collected[0] / "submitted" / learner / "streamflow" / "01_scores.ipynb").is_file()


def test_an_archive_does_not_fill_the_disk(collected):
    assert sum(path.stat().st_size for path in collected[0].rglob("*") if path.is_file()) < 300_000_000
