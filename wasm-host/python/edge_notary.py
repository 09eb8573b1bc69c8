"""edge-notary.wasm under wasmtime: starts the component and lends it what it asks for.

The linker defines the interface `host` and nothing else, and no WASI: a component that imported more would not start.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wasmtime import Config, Engine, Store
from wasmtime.component import Component, Linker, Record

HOST = "edge-notary:core/host@0.1.0"
VERIFIER = "edge-notary:core/verifier@0.1.0"

# How often the engine looks whether the time of a call is over.
TICK_SECONDS = 0.05

# (method, url, headers, body, seconds left) -> (status, headers, body). Raises TimeoutError when the time is over, another
# OSError when the server cannot be reached.
Fetch = Callable[[str, str, list[tuple[str, str]], bytes | None, float], tuple[int, list[tuple[str, str]], bytes]]


class Refused(Exception):
    """The question could not be asked: `refusal` has class, code, message, retry-helps and next-step."""

    def __init__(self, refusal: Any) -> None:
        super().__init__(f"{refusal.message} ({refusal.code})")
        self.refusal = refusal


def record(**fields: Any) -> Record:
    """A record of the interface: `media_type` stands for `media-type`."""
    made = Record()
    for name, value in fields.items():
        setattr(made, name.replace("_", "-"), value)
    return made


class EdgeNotary:
    """One instance of the component."""

    def __init__(self, wasm: Path, fetch: Fetch, now: Callable[[], float] = time.time) -> None:
        self._fetch, self._now = fetch, now
        self._end = 0.0
        self._kept: dict[str, bytes] = {}
        config = Config()
        config.epoch_interruption = True
        self._engine = Engine(config)
        self._store = Store(self._engine)
        self._store.set_epoch_deadline(1_000_000)
        linker = Linker(self._engine)
        with linker.root() as root, root.add_instance(HOST) as host:
            for name, function in self._lent().items():
                host.add_func(name, function)
        self._instance = linker.instantiate(self._store, _compile(self._engine, wasm))
        exported = self._instance.get_export_index(self._store, VERIFIER)
        self._functions = {
            name: self._instance.get_func(self._store, self._instance.get_export_index(self._store, name, exported))
            for name in ("inspect", "verify", "evaluate")
        }

    def call(self, name: str, *arguments: Any, seconds: float) -> Any:
        """Asks a question; after so many seconds what is lent answers that the time is over, and a loop is ended.

        Raises Refused when it could not be asked, and WasmtimeError when it was ended: the instance cannot be entered again.
        """
        self._end = time.monotonic() + seconds
        # Half a second for the component to say what became of the time; then it is stopped wherever it is.
        self._store.set_epoch_deadline(int((seconds + 0.5) / TICK_SECONDS) + 1)
        done = threading.Event()
        ticking = threading.Thread(target=self._tick, args=(done,), daemon=True)
        ticking.start()
        try:
            result = self._functions[name](self._store, *arguments)
            self._functions[name].post_return(self._store)
        finally:
            done.set()
            ticking.join()
        if result.tag == "err":
            raise Refused(result.payload)
        return result.payload

    def _tick(self, done: threading.Event) -> None:
        while not done.wait(TICK_SECONDS):
            self._engine.increment_epoch()

    def _lent(self) -> dict[str, Callable[..., Any]]:
        def fetch(_store: Any, request: Any) -> Any:
            left = self._end - time.monotonic()
            if left <= 0:
                return None
            headers = [(one.name, one.value) for one in request.headers]
            try:
                status, answered, body = self._fetch(request.method, request.url, headers, request.body, left)
            except TimeoutError:
                # `deadline`, the case without a value.
                return None
            except OSError as error:
                return str(error)
            return record(status=status, headers=[record(name=n, value=v) for n, v in answered], body=body)

        def wait(_store: Any, milliseconds: int) -> bool:
            time.sleep(max(0.0, min(milliseconds / 1000, self._end - time.monotonic())))
            return time.monotonic() < self._end

        def cache_set(_store: Any, key: str, content: bytes, _lifetime_seconds: int) -> None:
            self._kept[key] = content

        return {
            "fetch": fetch,
            "now": lambda _store: round(self._now() * 1000),
            "wait": wait,
            "cache-get": lambda _store, key: self._kept.get(key),
            "cache-set": cache_set,
            "trust-store": lambda _store, _type, _name: None,
        }


def _compile(engine: Engine, wasm: Path) -> Component:
    return Component.from_file(engine, str(wasm))
