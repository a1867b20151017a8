"""What the state machines of cron/fargate do, by walking them against a scripted AWS, and what the task may do there."""

import json
import os
import re
import unittest

import yaml
from state_machine import Execution

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
with open(os.path.join(ROOT, "cron/fargate/cloudformation.yaml"), encoding="utf-8") as file:
    TEMPLATE = yaml.safe_load(file)["Resources"]
RUN = {
    "Name": "drillmark", "Cluster": "arn:cluster", "TaskDefinition": "arn:definition:7", "Subnets": "subnet-1,subnet-2", "SecurityGroup": "sg-1",
    "VolumeRole": "arn:volumes", "Pointer": "/drillmark/drillmark/ledger", "LedgerGiB": "8", "KeepSnapshots": "3", "MaximumHours": "12",
}


class AWS:
    """Volumes, snapshots, the parameter and a task, as the state machine sees them."""

    def __init__(self, pointer="none", snapshots=(), volumes=(), others=(), exit_code=0, minutes=3, refuse=None, lose_volume=False, stuck=False):
        self.pointer, self.calls, self.exit_code, self.minutes = pointer, [], exit_code, minutes
        self.snapshots = {name: {"SnapshotId": name, "State": "completed", "StartTime": time} for name, time in snapshots}
        self.volumes = {name: {"VolumeId": name, "State": state} for name, state in volumes}
        self.others, self.refuse, self.lose_volume, self.stuck = others, refuse, lose_volume, stuck
        self.launched = None

    def __call__(self, call, arguments):
        self.calls.append(call)
        return getattr(self, call.replace(":", "_"))(arguments)

    def sfn_listExecutions(self, arguments):
        return {"Executions": [{"ExecutionArn": arn} for arn in ["arn:me", *self.others]]}

    def ec2_describeVolumes(self, arguments):
        found = [dict(each) for each in self.volumes.values()]
        for each in self.volumes.values():
            each["State"] = "available"
        return {"Volumes": found}

    def ec2_createSnapshot(self, arguments):
        name = f"snap-of-{arguments['VolumeId']}"
        assert arguments["TagSpecifications"][0]["Tags"][0] == {"Key": "drillmark:ledger", "Value": "drillmark"}
        self.snapshots[name] = {"SnapshotId": name, "State": "pending", "StartTime": "2026-11-22T05:00:00Z"}
        return {"SnapshotId": name}

    def ec2_describeSnapshots(self, arguments):
        if "SnapshotIds" not in arguments:
            return {"Snapshots": [dict(each) for each in self.snapshots.values()]}
        found = [dict(self.snapshots[name]) for name in arguments["SnapshotIds"]]
        for name in arguments["SnapshotIds"]:
            self.snapshots[name]["State"] = "error" if self.stuck else "completed"
        return {"Snapshots": found}

    def ec2_deleteSnapshot(self, arguments):
        if self.refuse == "deleteSnapshot":
            return None
        del self.snapshots[arguments["SnapshotId"]]
        return {}

    def ec2_deleteVolume(self, arguments):
        assert self.pointer == f"snap-of-{arguments['VolumeId']}", "a volume is deleted before its snapshot is named"
        del self.volumes[arguments["VolumeId"]]
        return {}

    def ssm_getParameter(self, arguments):
        return {"Parameter": {"Value": self.pointer}}

    def ssm_putParameter(self, arguments):
        assert self.snapshots[arguments["Value"]]["State"] == "completed", "an unfinished snapshot is named"
        self.pointer = arguments["Value"]
        return {"Version": 2}

    def ecs_runTask(self, arguments):
        assert self.launched is None and not self.volumes, "two tasks, or a task beside a ledger that is not saved"
        if self.refuse == "runTask":
            return {"Tasks": [], "Failures": [{"Reason": "RESOURCE:ENI"}]}
        self.launched = arguments
        if not self.lose_volume:
            self.volumes["vol-new"] = {"VolumeId": "vol-new", "State": "in-use"}
        return {"Tasks": [{"TaskArn": "arn:task"}], "Failures": []}

    def ecs_describeTasks(self, arguments):
        self.minutes -= 1
        if self.minutes > 0:
            return {"Tasks": [{"LastStatus": "RUNNING", "Containers": [{}]}]}
        container = {} if self.exit_code is None else {"ExitCode": self.exit_code}
        return {"Tasks": [{"LastStatus": "STOPPED", "StoppedReason": "Essential container in task exited", "Containers": [container]}]}


def run(aws):
    return Execution(TEMPLATE["Run"]["Properties"]["Definition"], RUN, aws).run()


class Runs(unittest.TestCase):
    def test_the_first_run_starts_with_an_empty_volume_and_leaves_a_snapshot(self):
        aws = AWS()
        self.assertIsNone(run(aws).error)
        volume = aws.launched["VolumeConfigurations"][0]["ManagedEBSVolume"]
        self.assertNotIn("SnapshotId", volume)
        self.assertEqual((volume["SizeInGiB"], volume["Encrypted"], volume["TerminationPolicy"]), (8, True, {"DeleteOnTermination": False}))
        self.assertEqual((aws.pointer, aws.volumes), ("snap-of-vol-new", {}))

    def test_a_later_run_starts_from_the_named_snapshot_without_a_public_address(self):
        aws = AWS(pointer="snap-1", snapshots=[("snap-1", "2026-11-15T05:00:00Z")])
        self.assertIsNone(run(aws).error)
        self.assertEqual(aws.launched["VolumeConfigurations"][0]["ManagedEBSVolume"]["SnapshotId"], "snap-1")
        network = aws.launched["NetworkConfiguration"]["AwsvpcConfiguration"]
        self.assertEqual((network["AssignPublicIp"], network["Subnets"]), ("DISABLED", ["subnet-1", "subnet-2"]))

    def test_only_the_newest_snapshots_are_kept(self):
        aws = AWS(pointer="snap-4", snapshots=[(f"snap-{n}", f"2026-10-0{n}T05:00:00Z") for n in (2, 4, 1, 3)])
        self.assertIsNone(run(aws).error)
        self.assertEqual(sorted(aws.snapshots), ["snap-3", "snap-4", "snap-of-vol-new"])

    def test_an_old_snapshot_that_cannot_be_deleted_spoils_nothing(self):
        aws = AWS(pointer="snap-4", snapshots=[(f"snap-{n}", f"2026-10-0{n}T05:00:00Z") for n in (2, 4, 1, 3)], refuse="deleteSnapshot")
        self.assertIsNone(run(aws).error)
        self.assertEqual(aws.pointer, "snap-of-vol-new")

    def test_a_volume_that_a_stopped_execution_left_is_saved_and_used(self):
        for state in ("available", "in-use"):
            aws = AWS(pointer="snap-1", snapshots=[("snap-1", "2026-11-15T05:00:00Z")], volumes=[("vol-old", state)])
            self.assertIsNone(run(aws).error)
            self.assertEqual(aws.launched["VolumeConfigurations"][0]["ManagedEBSVolume"]["SnapshotId"], "snap-of-vol-old")

    def test_a_drill_that_did_not_pass_fails_the_run_after_its_ledger_is_saved(self):
        for code, told in ((1, "Exit status 1"), (2, "Exit status 2"), (None, "Exit status -1")):
            aws = AWS(exit_code=code)
            end = run(aws)
            self.assertEqual((end.error, aws.pointer), ("Drillmark.NotPassed", "snap-of-vol-new"))
            self.assertIn(told, end.cause)

    def test_nothing_is_started_beside_another_run(self):
        aws = AWS(others=["arn:other"])
        self.assertEqual(run(aws).error, "Drillmark.NotAlone")
        self.assertEqual(aws.calls, ["sfn:listExecutions"])

    def test_two_ledgers_are_for_a_person_to_choose_from(self):
        aws = AWS(volumes=[("vol-1", "available"), ("vol-2", "available")])
        self.assertEqual(run(aws).error, "Drillmark.TwoLedgers")
        self.assertEqual(sorted(aws.volumes), ["vol-1", "vol-2"])

    def test_a_chain_does_not_begin_anew_while_snapshots_exist(self):
        aws = AWS(pointer="none", snapshots=[("snap-1", "2026-11-15T05:00:00Z")])
        self.assertEqual((run(aws).error, aws.launched), ("Drillmark.LedgerNotNamed", None))

    def test_a_task_that_ecs_does_not_start_is_told_with_its_reason(self):
        end = run(AWS(refuse="runTask"))
        self.assertEqual(end.error, "Drillmark.NotStarted")
        self.assertIn("RESOURCE:ENI", end.cause)

    def test_a_volume_that_is_gone_after_the_task_is_told(self):
        self.assertEqual(run(AWS(lose_volume=True)).error, "Drillmark.LedgerGone")

    def test_a_snapshot_that_fails_keeps_the_volume_and_the_old_name(self):
        aws = AWS(pointer="snap-1", snapshots=[("snap-1", "2026-11-15T05:00:00Z")], stuck=True)
        self.assertEqual(run(aws).error, "Drillmark.NotSaved")
        self.assertEqual((aws.pointer, list(aws.volumes)), ("snap-1", ["vol-new"]))

    def test_a_task_without_an_end_is_given_up_after_the_hours_that_were_said(self):
        aws = AWS(minutes=100000)
        self.assertEqual(run(aws).error, "Drillmark.TooLong")
        self.assertEqual(list(aws.volumes), ["vol-new"])


class Container(unittest.TestCase):
    """The image is built with, and runs with, what a Debian host is."""

    def test_it_installs_what_scripts_install_packages_does(self):
        with open(os.path.join(ROOT, "scripts/install-packages"), encoding="utf-8") as script:
            wanted = re.search(r"packages=\((.*?)\n\)", script.read(), re.S).group(1)
        with open(os.path.join(ROOT, "cron/container/Dockerfile"), encoding="utf-8") as file:
            image = set(re.split(r"[\s\\]+", file.read()))
        for line in filter(None, (line.strip() for line in wanted.splitlines())):
            names, purpose = line.split("#")
            if "tests" in purpose:
                continue
            self.assertLessEqual(set(names.split()), image, purpose)


class Watching(unittest.TestCase):
    def watch(self, *stops):
        reply = {"Executions": [{"StopDate": stop} for stop in stops]}
        definition = TEMPLATE["Watch"]["Properties"]["Definition"]
        return Execution(definition, {"Run": "arn:run", "OverdueHours": "192"}, lambda call, arguments: reply).run()

    def test_a_run_that_passed_a_week_ago_is_recent(self):
        self.assertIsNone(self.watch("2026-11-15T05:00:00.123Z").error)

    def test_one_that_is_longer_ago_is_overdue(self):
        end = self.watch("2026-11-13T05:00:00.123Z")
        self.assertEqual(end.error, "Drillmark.Overdue")
        self.assertIn("215 hours", end.cause)

    def test_none_at_all_is_overdue(self):
        self.assertIn("No run has ever ended well", self.watch().cause)


class Permissions(unittest.TestCase):
    """The template, the module and docs/aws.md name the same actions."""

    def actions(self, statements):
        for statement in statements:
            statement = statement.get("Fn::If", [None, statement])[1]
            found = statement["Action"]
            yield from [found] if isinstance(found, str) else found

    def role(self, name):
        return set(self.actions(TEMPLATE[name]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]))

    def test_the_task_may_do_what_the_documentation_says_and_no_more(self):
        with open(os.path.join(ROOT, "docs/aws.md"), encoding="utf-8") as page:
            blocks = re.findall(r"```json\n(.*?)```", page.read(), re.S)
        policies = [policy for policy in map(json.loads, blocks) if "Statement" in policy]
        documented = {action for policy in policies for action in self.actions(policy["Statement"])}
        self.assertIn("sns:Publish", documented)
        # The key of a bucket stands in the text beside its policy.
        in_the_text = {"kms:Decrypt"}
        self.assertEqual(self.role("TaskRole") - documented - in_the_text, set())

    def test_no_role_may_do_everything(self):
        for name in ("TaskRole", "ExecutionRole", "RunRole", "ScheduleRole", "WatchRole"):
            self.assertFalse([action for action in self.role(name) if "*" in action], name)

    def test_the_terraform_module_allows_the_same(self):
        with open(os.path.join(ROOT, "cron/fargate/terraform/iam.tf"), encoding="utf-8") as module:
            named = set(re.findall(r'"([a-z0-9]+:[A-Z][A-Za-z]+)"', module.read())) - {"sts:AssumeRole"}
        named = {action for action in named if not action.startswith("aws:") and action not in ("ec2:CreateAction", "iam:PassedToService")}
        roles = ("TaskRole", "ExecutionRole", "RunRole", "ScheduleRole", "WatchRole")
        self.assertEqual(named, set().union(*(self.role(name) for name in roles)))


if __name__ == "__main__":
    unittest.main()
