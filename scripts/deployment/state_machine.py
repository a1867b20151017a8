"""Walks a state machine in the Amazon States Language with JSONata against a scripted AWS. Knows what cron/fargate uses, and refuses the rest.

Source: https://states-language.net and the Step Functions developer guide, "Transforming data with JSONata"."""

import json

import jsonata


class Ended(Exception):
    """The execution's end: its error and cause, both None when it succeeded."""

    def __init__(self, error=None, cause=None):
        super().__init__(error, cause)
        self.error, self.cause = error, cause


class Execution:
    """`answer(service_call, arguments)` gives each task's reply; `waited` counts the seconds that would have passed."""

    def __init__(self, definition, substitutions, answer, now="2026-11-22T04:00:00Z"):
        text = json.dumps(definition)
        for name, value in substitutions.items():
            text = text.replace("${%s}" % name, value)
        assert "${" not in text, text[text.index("${"):][:60]
        self.machine, self.answer, self.now = json.loads(text), answer, now
        assert self.machine["QueryLanguage"] == "JSONata"
        self.variables, self.waited, self.visited = {}, 0, []

    def run(self, steps=20000):
        try:
            self._walk(self.machine["StartAt"], self.machine["States"], {}, steps)
        except Ended as end:
            return end
        raise AssertionError("the state machine has no end state on this path")

    def _walk(self, name, states, given, steps):
        while steps > 0:
            steps -= 1
            self.visited.append(name)
            state = states[name]
            given = getattr(self, "_" + state["Type"].lower())(state, given)
            if isinstance(given, _Next):
                name, given = given.name, given.output
            elif state.get("End"):
                return given
            else:
                name = state["Next"]
        raise AssertionError("never ends")

    def _value(self, value, **states):
        if isinstance(value, dict):
            return {key: self._value(each, **states) for key, each in value.items()}
        if isinstance(value, list):
            return [self._value(each, **states) for each in value]
        if not (isinstance(value, str) and value.startswith("{%")):
            return value
        expression = jsonata.Jsonata(value[2:-2])
        context = {"Execution": {"Id": "arn:me", "Name": "me"}, "StateMachine": {"Id": "arn:machine"}, "State": {"EnteredTime": self.now}}
        frame = expression.create_frame()
        for key, each in self.variables.items():
            frame.bind(key, each)
        frame.bind("states", {"context": context, **states})
        result = expression.evaluate(None, frame)
        # AWS fails an execution whose expression gives nothing.
        assert result is not None, value
        return result

    def _assign(self, state, **states):
        self.variables |= {key: self._value(each, **states) for key, each in state.get("Assign", {}).items()}

    def _task(self, state, given):
        arguments = self._value(state["Arguments"], input=given)
        result = self.answer(state["Resource"].split("aws-sdk:")[1], arguments)
        if result is None:
            assert "Catch" in state
            return _Next(state["Catch"][0]["Next"], given)
        output = self._value(state["Output"], input=given, result=result) if "Output" in state else result
        self._assign(state, input=given, result=result)
        return output

    def _choice(self, state, given):
        for choice in state["Choices"]:
            verdict = self._value(choice["Condition"], input=given)
            assert isinstance(verdict, bool), choice
            if verdict:
                return _Next(choice["Next"], given)
        return _Next(state["Default"], given)

    def _wait(self, state, given):
        self.waited += state["Seconds"]
        self._assign(state, input=given)
        return given

    def _pass(self, state, given):
        self._assign(state, input=given)
        return given

    def _map(self, state, given):
        processor = state["ItemProcessor"]
        return [self._walk(processor["StartAt"], processor["States"], item, 100) for item in self._value(state["Items"], input=given)]

    def _succeed(self, state, given):
        raise Ended()

    def _fail(self, state, given):
        raise Ended(state["Error"], self._value(state["Cause"], input=given))


class _Next:
    def __init__(self, name, output):
        self.name, self.output = name, output
