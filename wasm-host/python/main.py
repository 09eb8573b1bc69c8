"""Runs wasm-host/cases.json through the component; ends with 0 only when every answer is as expected.

    npm run wasm -- python

`--times N` measures instead, and prints one line of JSON.
"""

import json
import resource
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from edge_notary import EdgeNotary, Refused, record
from layouts import Layouts

ROOT = Path(__file__).resolve().parents[2]
CASE_SECONDS = 20.0

# The beginnings of the names of the cases that are measured, as in wasm-host/node/measure.ts.
MEASURED = [
    "jws-rsa-2048-self",
    "cose-p-256-self",
    "ghcr.io/kyverno/test-verify-image:signed",
    "examples/signed-pod.json by examples/check-image-notary.yaml",
]


def ask(notary: EdgeNotary, case: dict[str, Any]) -> dict[str, str]:
    """What a case comes to: a verdict, and the code of the refusal."""
    try:
        if "review" in case:
            policies = [record(source=case["policy"], text=(ROOT / case["policy"]).read_text())]
            review = (ROOT / case["review"]).read_text()
            decision = notary.call("evaluate", policies, review, "mutate", seconds=CASE_SECONDS)
            codes = [image.refusal.code for image in decision.images if image.refusal is not None]
            return {"verdict": "allowed" if decision.allowed else "refused", "code": codes[0] if codes else ""}
        trust = [(ROOT / file).read_bytes() for file in case["trust"]]
        found = notary.call("verify", subject_of(case), trust, seconds=CASE_SECONDS)
        return {"verdict": found.verdict, "code": found.refusal.code if found.refusal is not None else ""}
    except Refused as refused:
        return {"verdict": "not asked", "code": refused.refusal.code}


def subject_of(case: dict[str, Any]) -> Any:
    """A reference is text, an envelope a record."""
    if "reference" in case:
        return case["reference"]
    artifact = case["artifact"]
    return record(
        envelope=record(media_type=case["mediaType"], content=(ROOT / case["file"]).read_bytes()),
        artifact=record(media_type=artifact["mediaType"], digest=artifact["digest"], size=artifact["size"]),
        repository=None,
    )


class Run:
    """The component, the table, and the clock that the component sees."""

    def __init__(self) -> None:
        layouts = Layouts(ROOT / "test" / "fixtures")
        self.at = 0.0
        started = time.perf_counter()
        self.notary = EdgeNotary(
            ROOT / "dist" / "edge-notary.wasm",
            fetch=lambda method, url, _headers, _body, _left: layouts.answer(method, url),
            now=lambda: self.at,
        )
        self.start_milliseconds = (time.perf_counter() - started) * 1000
        tables = json.loads((ROOT / "wasm-host" / "cases.json").read_text())
        self.cases = [case for table in tables.values() for case in table]

    def ask(self, case: dict[str, Any]) -> dict[str, str]:
        self.at = case["at"] / 1000
        return ask(self.notary, case)

    def check(self) -> bool:
        """Whether every answer is as expected."""
        failed = 0
        for case in self.cases:
            found = self.ask(case)
            if found != case["expected"]:
                failed += 1
                print(f"{case['name']}: {found}, expected {case['expected']}", file=sys.stderr)
        print(f"python: {len(self.cases) - failed} passed, {failed} failed")
        return failed == 0 and len(self.cases) > 0

    def measure(self, times: int) -> dict[str, Any]:
        first, medians = None, []
        for name in MEASURED:
            case = next(case for case in self.cases if case["name"].startswith(name))
            taken = []
            for _ in range(times):
                started = time.perf_counter()
                found = self.ask(case)
                taken.append((time.perf_counter() - started) * 1000)
                if found != case["expected"]:
                    raise SystemExit(f"{name}: {found}, expected {case['expected']}")
            first = taken[0] if first is None else first
            medians.append(statistics.median_high(taken))
        return {
            "startMilliseconds": self.start_milliseconds,
            "firstMilliseconds": first,
            "medianMilliseconds": medians,
            "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }


def main() -> int:
    run = Run()
    if "--times" not in sys.argv:
        return 0 if run.check() else 1
    print(json.dumps(run.measure(int(sys.argv[sys.argv.index("--times") + 1]))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
