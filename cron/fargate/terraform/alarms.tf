# The dead man's switch: looks twice a day whether a run ended well of late, and is itself missed when it does not look.

resource "aws_sfn_state_machine" "watch" {
  name     = "${var.name}-watch"
  type     = "STANDARD"
  role_arn = aws_iam_role.watch.arn
  tags     = var.tags
  definition = templatestring(local.watch_definition, {
    Run          = aws_sfn_state_machine.run.arn
    OverdueHours = var.overdue_hours
  })
}

resource "aws_scheduler_schedule" "watch" {
  name                = "${var.name}-watch"
  description         = "Whether a drill run ended well of late"
  schedule_expression = "rate(12 hours)"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_sfn_state_machine.watch.arn
    role_arn = aws_iam_role.schedule.arn

    retry_policy {
      maximum_event_age_in_seconds = 7200
      maximum_retry_attempts       = 20
    }

    dead_letter_config {
      arn = aws_sqs_queue.not_started.arn
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "not_started" {
  alarm_name          = "${var.name}-not-started"
  alarm_description   = "A schedule could not start its state machine. The message in the queue says why; delete it to end the alarm"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.not_started.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.topic]
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "not_passed" {
  alarm_name          = "${var.name}-not-passed"
  alarm_description   = "A run did not end well. The state machine's execution says why, the log group what was said"
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.topic]
  tags                = var.tags

  metric_query {
    id          = "sum"
    expression  = "failed + aborted + late"
    label       = "Runs that did not end well"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { failed = "ExecutionsFailed", aborted = "ExecutionsAborted", late = "ExecutionsTimedOut" }
    content {
      id = metric_query.key
      metric {
        namespace   = "AWS/States"
        metric_name = metric_query.value
        dimensions  = { StateMachineArn = aws_sfn_state_machine.run.arn }
        period      = 300
        stat        = "Sum"
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "overdue" {
  alarm_name          = "${var.name}-overdue"
  alarm_description   = "No run has ended well for overdue_hours, or nothing looks whether one has. It is expected until the first run has passed"
  namespace           = "AWS/States"
  metric_name         = "ExecutionsSucceeded"
  dimensions          = { StateMachineArn = aws_sfn_state_machine.watch.arn }
  statistic           = "Sum"
  period              = 86400
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "LessThanThreshold"
  # Silence is the alarm.
  treat_missing_data = "breaching"
  alarm_actions      = [local.topic]
  ok_actions         = [local.topic]
  tags               = var.tags
}
