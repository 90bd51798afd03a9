"""The line before the language model: fair, and everybody in it knows their place."""

from __future__ import annotations

import threading

from rag.turnstile import Turnstile


def never() -> bool:
    return False


def test_the_first_goes_through_at_once() -> None:
    with Turnstile().place() as waiting:
        assert list(waiting(never)) == []


def test_who_waits_is_told_each_change_and_goes_in_order() -> None:
    line = Turnstile()
    order: list[str] = []
    told: dict[str, list[int]] = {}
    inside = threading.Event()

    def go(name: str, standing: threading.Event) -> None:
        with line.place() as waiting:
            standing.set()
            told[name] = list(waiting(never))
            order.append(name)

    with line.place() as first:
        assert list(first(never)) == []
        threads = []
        for name in ("b", "c"):
            standing = threading.Event()
            threads.append(threading.Thread(target=go, args=(name, standing)))
            threads[-1].start()
            assert standing.wait(10)
        inside.set()
        order.append("a")
    for thread in threads:
        thread.join(10)
    assert order == ["a", "b", "c"]
    assert told["b"] in ([1], [])
    assert told["c"] == sorted(told["c"], reverse=True)
    assert set(told["c"]) <= {1, 2}


def test_a_stopped_one_leaves_and_holds_nobody_up() -> None:
    line = Turnstile()
    stop = threading.Event()
    with line.place() as first:
        assert list(first(never)) == []
        with line.place() as second:
            places = second(stop.is_set)
            assert next(places) == 1
            stop.set()
            assert list(places) == []
        with line.place() as third:
            assert next(third(never)) == 1
    with line.place() as fourth:
        assert list(fourth(never)) == []


def test_an_error_gives_the_place_up() -> None:
    line = Turnstile()
    try:
        with line.place():
            raise ValueError
    except ValueError:
        pass
    with line.place() as waiting:
        assert list(waiting(never)) == []
