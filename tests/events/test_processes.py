"""Work that several processes share."""

from __future__ import annotations

import os

import pytest

from paperknife.events.processes import shared


def squared(n):
    if n < 0:
        raise ValueError("no negative ones")
    return n * n, os.getpid()


@pytest.mark.parametrize("processes_n", [1, 2])
def test_every_item_is_worked_on_once_by_this_process_too(processes_n):
    done = list(shared(squared, range(50), processes_n))
    assert sorted(square for square, _ in done) == [n * n for n in range(50)]
    workers = {worker for _, worker in done}
    assert os.getpid() in workers
    assert len(workers) == processes_n


def test_what_goes_wrong_in_another_process_is_raised_here():
    with pytest.raises(ValueError, match="no negative ones"):
        list(shared(squared, [-1], 2))


def test_what_goes_wrong_between_items_is_raised_once_the_others_have_ended():
    def items():
        yield from range(3)
        raise OSError("the disk is gone")

    done = []
    with pytest.raises(OSError, match="the disk is gone"):
        done.extend(shared(squared, items(), 2))
