"""A write wakes the one that waits; without inotify, time does."""

import resource

import pytest
from tests.inputs.follow.follow_scene import Log, Reader

from esa_auth.inputs.follow import watch


def test_a_write_wakes_the_waiting(log: Log, reader: Reader) -> None:
    reader.poll()
    log.write()
    assert reader.follower.wait(3600)
    reader.poll()
    assert not reader.follower.wait(0)
    log.rename()
    assert reader.follower.wait(3600)


def test_without_inotify_it_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "inotify_simple", None)
    slept: list[float] = []
    watcher = watch.Watcher(slept.append)
    watcher.watch(["/"])
    assert [watcher.wait(0.25), watcher.wait(3600)] == [False, False]
    assert slept == [0.25, 1.0]
    watcher.close()


def test_without_descriptors_for_inotify_it_sleeps() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    slept: list[float] = []
    try:
        watcher = watch.Watcher(slept.append)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    watcher.wait(0.5)
    assert slept == [0.5]
    watcher.close()
