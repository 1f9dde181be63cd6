"""Step Functions: an interpreter of the definitions in statemachines/, in simulated time.

An execution is durable: it dies of nothing. What it calls does, and is then retried, caught and undone as the definition
has it. Reference: states-language.net/spec, and "Transforming data with JSONata" in the Step Functions guide.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from chalicelib.core import clock
from chalicelib.core.errors import AisleError, Contended, Stale, Unavailable
from chalicelib.core.settings import settings
from tests.simulation.cloud.functions import Functions
from tests.simulation.cloud.jsonata import QueryEvaluationError, filled
from tests.simulation.faults import Fate, fate
from tests.simulation.kernel import Crash, Future, Kernel
from tests.simulation.record import Record
from tests.simulation.wire import Wire, is_weather

Json = dict[str, Any]

_DEFINITIONS = Path(__file__).resolve().parents[3] / "statemachines"
_TERRAFORM = _DEFINITIONS.parent / "infra/terraform/state_machines.tf"
_NUMBERS: Mapping[str, int] = {
    "task_timeout_seconds": 70,
    "payment_look_ups": 8,
    "fulfilment_timeout_seconds": 30 * 24 * 3600,
    "timeout_seconds": 37 * 24 * 3600,
    "patient_attempts": 20,
    "park_attempts": 100,
    "lanes": 4,
    "fallback_seconds": 14 * 24 * 3600,
    "clearing_timeout_seconds": 7 * 24 * 3600,
    "review_timeout_seconds": 60 * 24 * 3600,
}
"""As infra/terraform/state_machines.tf has them."""


class StateError(Exception):
    """A state failed. `excused` when nothing is wrong with the code: the weather, or a race that a repetition settles."""

    def __init__(self, name: str, cause: str, *, excused: bool) -> None:
        super().__init__(f"{name}: {cause}")
        self.name = name
        self.cause = cause
        self.excused = excused


@cache
def definition(machine: str) -> Json:
    """The definition of a machine, e.g. `place_order`, with its placeholders filled in."""
    text = (_DEFINITIONS / f"{machine}.asl.json").read_text()
    parsed: Json = json.loads(re.sub(r"\$\{(\w+)\}", lambda found: _placeholder(found[1]), text))
    return parsed


def _placeholder(name: str) -> str:
    if name in _NUMBERS:
        return str(_NUMBERS[name])
    if name.endswith("_arn"):
        return name.removesuffix("_arn").replace("_", "-")
    return {"partition": "aws"}[name]


@dataclass(slots=True)
class Execution:
    """One run of a machine."""

    machine: str
    name: str
    input: Json
    began: str
    status: str = "RUNNING"
    error: str | None = None
    path: list[str] = field(default_factory=list)
    caught: list[tuple[str, str, bool]] = field(default_factory=list)
    """What led to a Catch: state, error, and whether it is excused."""


class StepFunctions:
    """The service: executions by name, and the tokens of tasks that wait."""

    def __init__(self, kernel: Kernel, wire: Wire, functions: Functions, record: Record) -> None:
        self._kernel = kernel
        self._wire = wire
        self._functions = functions
        self._record = record
        self._tokens: dict[str, Future[Any]] = {}
        self.executions: dict[str, Execution] = {}

    def start(self, machine_arn: str, name: str, given: str) -> bool:
        """Start an execution; False when that name was used before, with another input or for one that has ended."""
        machine = machine_of(machine_arn)
        key = f"{machine}:{name}"
        known = self.executions.get(key)
        if known is not None:
            return known.status == "RUNNING" and known.input == json.loads(given)
        execution = self.executions[key] = Execution(machine, name, json.loads(given), clock.rfc3339(clock.now()))
        self._kernel.spawn(f"{machine} {name}", lambda: self._execute(execution))
        return True

    def execution(self, arn: str) -> Execution | None:
        """The execution of an ARN, or None."""
        machine_arn, _, name = arn.replace(":execution:", ":stateMachine:").rpartition(":")
        return self.executions.get(f"{machine_of(machine_arn)}:{name}")

    def succeed(self, token: str, output: str) -> bool:
        """The task with this token is done; False when it does not wait any more."""
        future = self._tokens.pop(token, None)
        if future is None or future.done:
            return False
        future.give(json.loads(output))
        return True

    def fail(self, token: str, error: str, cause: str) -> bool:
        """The task with this token has failed; False when it does not wait any more."""
        future = self._tokens.pop(token, None)
        if future is None or future.done:
            return False
        future.fail(StateError(error or "States.TaskFailed", cause, excused=False))
        return True

    def _execute(self, execution: Execution) -> None:
        run = _Run(self, execution)
        try:
            run.scope(definition(execution.machine), execution.input, {})
        except StateError as error:
            execution.status, execution.error = "FAILED", error.name
            execution.caught.append((execution.path[-1], error.name, error.excused))
        else:
            execution.status = "SUCCEEDED"
        self._record.add(f"execution {execution.status}", execution.error or "")

    # ---- what the states of an execution need

    @property
    def kernel(self) -> Kernel:
        """Time and processes."""
        return self._kernel

    @property
    def record(self) -> Record:
        """The log."""
        return self._record

    def await_token(self) -> tuple[str, Future[Any]]:
        """A new task token, and the answer that will come with it."""
        token = f"token-{len(self._tokens)}-{self._kernel.random.getrandbits(64):016x}"
        future: Future[Any] = Future(self._kernel)
        self._tokens[token] = future
        return token, future

    def forget(self, token: str | None) -> None:
        """The task does not wait any more."""
        if token is not None:
            self._tokens.pop(token, None)

    def invoke(self, function: str, payload: Json) -> Future[Any]:
        """Call a function as the service integration does: what goes wrong on the way is named `Lambda.…`."""
        weather, random = self._wire.weather, self._kernel.random
        outcome: Future[Any] = Future(self._kernel)
        met = fate(weather, random, conflicts=False)
        if met in (Fate.THROTTLED, Fate.LOST):
            name = "Lambda.TooManyRequestsException" if met is Fate.THROTTLED else "Lambda.SdkClientException"
            outcome.fail(StateError(name, "simulated", excused=True))
            return outcome
        running = self._functions.invoke(function, payload)
        if random.random() < weather.zombie:
            lost = StateError("Lambda.SdkClientException", "it goes on alone", excused=True)
            self._kernel.after(random.uniform(0.01, 3.0), lambda: outcome.fail(lost))
        lose = met is Fate.ANSWER_LOST
        running.on_done(lambda: _pass_on(running, outcome, lose=lose))
        return outcome


def _pass_on(running: Future[Any], outcome: Future[Any], *, lose: bool) -> None:
    if lose:
        outcome.fail(StateError("Lambda.Unknown", "the answer was lost", excused=True))
    elif running.error is None:
        outcome.give(json.loads(json.dumps(running.value)))
    else:
        outcome.fail(_as_state_error(running.error))


def _as_state_error(error: BaseException) -> StateError:
    if isinstance(error, Crash):
        return StateError("Runtime.ExitError", "it crashed", excused=True)
    passing = isinstance(error, Unavailable | Contended | Stale) or is_weather(error)
    detail = error.detail if isinstance(error, AisleError) else str(error)
    return StateError(type(error).__name__, json.dumps({"errorMessage": detail}), excused=passing)


@cache
def machines() -> Mapping[str, str]:
    """The names of all machines after `aisle-<stage>-` by those of their definitions: what infra/terraform/state_machines.tf says."""
    text = _TERRAFORM.read_text()
    names = re.findall(r'^    ([a-z]+(?:-[a-z]+)+) = \{\s*type\s*=\s*"STANDARD"', text, re.MULTILINE)
    return {name.partition("-")[2].replace("-", "_"): name for name in names}


def machine_of(arn: str) -> str:
    """`…:stateMachine:aisle-prod-orders-place-order` → `place_order`."""
    name = arn.rpartition(":")[2].removeprefix(f"aisle-{settings().stage}-")
    _, _, machine = name.partition("-")
    return machine.replace("-", "_")


Variables = dict[str, Any]


class _Run:
    """Carries an execution from state to state."""

    def __init__(self, service: StepFunctions, execution: Execution) -> None:
        self._service = service
        self._kernel = service.kernel
        self._execution = execution
        self._kinds: Mapping[str, Callable[[str, Json, Any, Variables], tuple[str | None, Any]]] = {
            "Task": self._guarded,
            "Map": self._guarded,
            "Parallel": self._guarded,
            "Choice": self._choice,
            "Wait": self._wait,
            "Pass": self._pass,
            "Succeed": self._succeed,
            "Fail": self._fail,
        }

    def scope(self, scope: Json, given: Any, variables: Variables, item: Json | None = None) -> Any:
        """Run from `StartAt` to an end; what it gives."""
        at: str | None = scope["StartAt"]
        while at is not None:
            self._execution.path.append(at)
            self._kernel.pause(self._kernel.random.uniform(0.005, 0.1))
            state = scope["States"][at]
            if item is not None:
                variables["map item"] = item
            at, given = self._kinds[state["Type"]](at, state, given, variables)
        return given

    def _states(self, given: Any, variables: Variables, **more: Any) -> Variables:
        context: Json = {
            "Execution": {
                "Input": self._execution.input,
                "Name": self._execution.name,
                "StartTime": self._execution.began,
            },
            "Task": {"Token": more.pop("token", None)},
        }
        if "map item" in variables:
            context["Map"] = {"Item": variables["map item"]}
        return {**variables, "states": {"input": given, "context": context, **more}}

    @staticmethod
    def _assign(part: Json, known: Variables, variables: Variables) -> None:
        if "Assign" in part:
            variables.update(filled(part["Assign"], known))

    # ---- states without effect

    def _choice(self, name: str, state: Json, given: Any, variables: Variables) -> tuple[str | None, Any]:
        known = self._states(given, variables)
        for choice in state["Choices"]:
            if _filled(choice["Condition"], known) is True:
                self._assign(choice, known, variables)
                return choice["Next"], _filled(choice["Output"], known) if "Output" in choice else given
        if "Default" not in state:
            raise StateError("States.NoChoiceMatched", name, excused=False)
        self._assign(state, known, variables)
        return state["Default"], _filled(state["Output"], known) if "Output" in state else given

    def _wait(self, name: str, state: Json, given: Any, variables: Variables) -> tuple[str | None, Any]:
        known = self._states(given, variables)
        self._kernel.pause(float(_filled(state["Seconds"], known)))
        return self._leave(state, given, known, variables)

    def _pass(self, name: str, state: Json, given: Any, variables: Variables) -> tuple[str | None, Any]:
        return self._leave(state, given, self._states(given, variables), variables)

    def _succeed(self, name: str, state: Json, given: Any, variables: Variables) -> tuple[str | None, Any]:
        known = self._states(given, variables)
        return None, _filled(state["Output"], known) if "Output" in state else given

    def _fail(self, name: str, state: Json, given: Any, variables: Variables) -> tuple[str | None, Any]:
        known = self._states(given, variables)
        cause = str(_filled(state.get("Cause", ""), known))
        raise StateError(str(_filled(state.get("Error", "States.Failed"), known)), cause, excused=self._all_excused())

    def _all_excused(self) -> bool:
        return bool(self._execution.caught) and all(excused for _, _, excused in self._execution.caught)

    def _leave(self, state: Json, result: Any, known: Variables, variables: Variables) -> tuple[str | None, Any]:
        output = _filled(state["Output"], known) if "Output" in state else result
        self._assign(state, known, variables)
        return state.get("Next"), output

    # ---- states that can fail

    def _guarded(self, name: str, state: Json, given: Any, variables: Variables) -> tuple[str | None, Any]:
        act = {"Task": self._task, "Map": self._map, "Parallel": self._parallel}[state["Type"]]
        used: dict[int, int] = {}
        while True:
            try:
                result = act(name, state, given, variables)
                return self._leave(state, result, self._states(given, variables, result=result), variables)
            except StateError as error:
                self._service.record.add(f"state {name} failed", str(error))
                if self._retried(state, error, used):
                    continue
                return self._caught(name, state, error, given, variables)

    def _retried(self, state: Json, error: StateError, used: dict[int, int]) -> bool:
        for number, retrier in enumerate(state.get("Retry", [])):
            if not _matches(retrier["ErrorEquals"], error.name):
                continue
            tries = used.get(number, 0)
            if tries >= retrier.get("MaxAttempts", 3):
                return False
            used[number] = tries + 1
            delay = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** tries
            delay = min(delay, retrier.get("MaxDelaySeconds", delay))
            if retrier.get("JitterStrategy") == "FULL":
                delay = self._kernel.random.uniform(0, delay)
            self._kernel.pause(delay)
            return True
        return False

    def _caught(
        self, name: str, state: Json, error: StateError, given: Any, variables: Variables
    ) -> tuple[str | None, Any]:
        for catcher in state.get("Catch", []):
            if _matches(catcher["ErrorEquals"], error.name):
                self._execution.caught.append((name, error.name, error.excused))
                output = {"Error": error.name, "Cause": error.cause}
                known = self._states(given, variables, errorOutput=output)
                self._assign(catcher, known, variables)
                return catcher["Next"], _filled(catcher["Output"], known) if "Output" in catcher else output
        raise error

    def _task(self, name: str, state: Json, given: Any, variables: Variables) -> Any:
        resource = state["Resource"].rpartition(":::")[2]
        if not resource.startswith("lambda:invoke"):
            raise NotImplementedError(f"{resource} of {name}")
        token: str | None = None
        answer: Future[Any] | None = None
        if resource.endswith(".waitForTaskToken"):
            token, answer = self._service.await_token()
        arguments = _filled(state["Arguments"], self._states(given, variables, token=token))
        timeout = float(_filled(state.get("TimeoutSeconds", 99_999_999), self._states(given, variables)))
        running = self._service.invoke(arguments["FunctionName"], arguments["Payload"])
        if answer is None:
            return {"Payload": self._in_time(running, timeout)}
        waiting = answer
        running.on_done(lambda: waiting.fail(running.error) if running.error is not None else None)
        try:
            return self._in_time(waiting, timeout)
        finally:
            self._service.forget(token)

    def _in_time(self, future: Future[Any], seconds: float) -> Any:
        late = StateError("States.Timeout", f"nothing came within {seconds} seconds", excused=False)
        timer = self._kernel.after(seconds, lambda: future.fail(late))
        try:
            return future.result()
        finally:
            timer.cancel()

    def _map(self, name: str, state: Json, given: Any, variables: Variables) -> list[Any]:
        known = self._states(given, variables)
        items = _filled(state["Items"], known) if "Items" in state else given
        branches = []
        for index, value in enumerate(items):
            item = {"Index": index, "Value": value}
            within = dict(variables)
            entry = value
            if "ItemSelector" in state:
                entry = _filled(state["ItemSelector"], self._states(given, {**within, "map item": item}))
            branches.append(self._branch(f"{name}[{index}]", state["ItemProcessor"], entry, within, item))
        return [branch.result() for branch in branches]

    def _parallel(self, name: str, state: Json, given: Any, variables: Variables) -> list[Any]:
        entry = _filled(state["Arguments"], self._states(given, variables)) if "Arguments" in state else given
        branches = [
            self._branch(f"{name}[{index}]", branch, entry, dict(variables), None)
            for index, branch in enumerate(state["Branches"])
        ]
        return [branch.result() for branch in branches]

    def _branch(self, name: str, scope: Json, entry: Any, variables: Variables, item: Json | None) -> Future[Any]:
        return self._kernel.spawn(f"{self._execution.name} {name}", lambda: self.scope(scope, entry, variables, item))


def _filled(template: Any, known: Variables) -> Any:
    try:
        return filled(template, known)
    except QueryEvaluationError as error:
        raise StateError("States.QueryEvaluationError", str(error), excused=False) from error


def _matches(errors: list[str], name: str) -> bool:
    everything = "States.ALL" in errors or ("States.TaskFailed" in errors and name != "States.Timeout")
    return everything or name in errors


def states_of(scope: Json) -> Iterator[tuple[str, Json]]:
    """Every state of a definition by name, those within Maps and Parallels too."""
    for name, state in scope["States"].items():
        yield name, state
        for within in [*state.get("Branches", []), *([state["ItemProcessor"]] if "ItemProcessor" in state else [])]:
            yield from states_of(within)
