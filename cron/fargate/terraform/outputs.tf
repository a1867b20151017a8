output "topic_arn" {
  description = "For sns.topic in the site file, and to subscribe to"
  value       = local.topic
}

output "state_machine_arn" {
  description = "To run by hand with aws stepfunctions start-execution"
  value       = aws_sfn_state_machine.run.arn
}

output "log_group_name" {
  value = aws_cloudwatch_log_group.drills.name
}

output "task_role_arn" {
  description = "For the policies of buckets, keys and topics of other accounts"
  value       = aws_iam_role.task.arn
}

output "ledger_parameter" {
  description = "The parameter that names the ledger's snapshot"
  value       = aws_ssm_parameter.ledger.name
}
