# The same design as ../cloudformation.yaml, whose state machines it reads, so that there is one truth about how the ledger is kept.

data "aws_partition" "current" {}
data "aws_region" "current" {}
data "aws_caller_identity" "current" {}

locals {
  partition = data.aws_partition.current.partition
  account   = data.aws_caller_identity.current.account_id
  region    = data.aws_region.current.name
  topic     = var.topic_arn != null ? var.topic_arn : aws_sns_topic.drills[0].arn

  template = yamldecode(file("${path.module}/../cloudformation.yaml")).Resources
  # The template names the services' integrations in the partition aws.
  run_definition   = replace(jsonencode(local.template.Run.Properties.Definition), "arn:aws:states:::", "arn:${local.partition}:states:::")
  watch_definition = replace(jsonencode(local.template.Watch.Properties.Definition), "arn:aws:states:::", "arn:${local.partition}:states:::")
}

# Telling

resource "aws_sns_topic" "drills" {
  count = var.topic_arn == null ? 1 : 0
  name  = "${var.name}-drills"
  tags  = var.tags
}

resource "aws_sns_topic_policy" "drills" {
  count = var.topic_arn == null ? 1 : 0
  arn   = aws_sns_topic.drills[0].arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Alarms"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.drills[0].arn
        Condition = {
          StringEquals = { "aws:SourceAccount" = local.account }
          ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:cloudwatch:${local.region}:${local.account}:alarm:${var.name}-*" }
        }
      },
      {
        Sid       = "Drills"
        Effect    = "Allow"
        Principal = { AWS = aws_iam_role.task.arn }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.drills[0].arn
      },
    ]
  })
}

resource "aws_cloudwatch_log_group" "drills" {
  name              = "/drillmark/${var.name}"
  retention_in_days = var.log_days
  skip_destroy      = true
  tags              = var.tags
}

# The task

resource "aws_ecs_cluster" "drills" {
  name = var.name
  tags = var.tags
}

resource "aws_security_group" "task" {
  name_prefix = "${var.name}-"
  description = "The task of Drillmark, which nobody connects to"
  vpc_id      = var.vpc_id
  tags        = var.tags
}

resource "aws_vpc_security_group_egress_rule" "aws" {
  security_group_id = aws_security_group.task.id
  description       = "AWS and webhooks"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_vpc_security_group_egress_rule" "postgresql" {
  count                        = var.database_security_group_id == null ? 0 : 1
  security_group_id            = aws_security_group.task.id
  description                  = "Restored RDS instances of PostgreSQL"
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
  referenced_security_group_id = var.database_security_group_id
}

resource "aws_vpc_security_group_egress_rule" "mysql" {
  count                        = var.database_security_group_id == null ? 0 : 1
  security_group_id            = aws_security_group.task.id
  description                  = "Restored RDS instances of MySQL and MariaDB"
  ip_protocol                  = "tcp"
  from_port                    = 3306
  to_port                      = 3306
  referenced_security_group_id = var.database_security_group_id
}

resource "aws_ecs_task_definition" "drills" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn
  tags                     = var.tags

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.architecture
  }

  ephemeral_storage {
    size_in_gib = var.scratch_gib
  }

  volume {
    name                = "ledger"
    configure_at_launch = true
  }

  dynamic "volume" {
    for_each = ["scratch", "cache", "tmp"]
    content {
      name = volume.value
    }
  }

  container_definitions = jsonencode([{
    name      = "drillmark"
    image     = var.image
    essential = true
    command   = var.command
    # Root owns the mounted volumes. The image's entry point gives them to its user, and becomes that user.
    user                   = "0"
    readonlyRootFilesystem = true
    linuxParameters        = { initProcessEnabled = true }
    # The longest that Fargate waits between SIGTERM and SIGKILL, in seconds.
    stopTimeout = 120
    mountPoints = [
      { sourceVolume = "ledger", containerPath = "/var/lib/drillmark", readOnly = false },
      { sourceVolume = "scratch", containerPath = "/var/tmp", readOnly = false },
      { sourceVolume = "cache", containerPath = "/var/cache/drillmark", readOnly = false },
      { sourceVolume = "tmp", containerPath = "/tmp", readOnly = false },
    ]
    environment = [{ name = "AWS_REGION", value = local.region }]
    secrets     = [for variable, secret in var.secrets : { name = variable, valueFrom = secret }]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.drills.name
        awslogs-region        = local.region
        awslogs-stream-prefix = "task"
      }
    }
  }])
}

# The run

# Where the ledger is: the snapshot that the next run starts from, or "none" before the first. Written by the state machine.
resource "aws_ssm_parameter" "ledger" {
  name        = "/drillmark/${var.name}/ledger"
  description = "The snapshot that holds Drillmark's ledger"
  type        = "String"
  value       = "none"
  tags        = var.tags
  lifecycle {
    ignore_changes = [value]
  }
}

resource "aws_sfn_state_machine" "run" {
  name     = "${var.name}-run"
  type     = "STANDARD"
  role_arn = aws_iam_role.run.arn
  tags     = var.tags
  definition = templatestring(local.run_definition, {
    Name           = var.name
    Cluster        = aws_ecs_cluster.drills.arn
    TaskDefinition = aws_ecs_task_definition.drills.arn
    Subnets        = join(",", var.subnet_ids)
    SecurityGroup  = aws_security_group.task.id
    VolumeRole     = aws_iam_role.volume.arn
    Pointer        = aws_ssm_parameter.ledger.name
    LedgerGiB      = var.ledger_gib
    KeepSnapshots  = var.keep_snapshots
    MaximumHours   = var.maximum_hours
  })
}

resource "aws_sqs_queue" "not_started" {
  name                      = "${var.name}-not-started"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
  tags                      = var.tags
}

resource "aws_scheduler_schedule" "run" {
  name                         = "${var.name}-run"
  description                  = "The restore drills"
  schedule_expression          = var.schedule_expression
  schedule_expression_timezone = var.schedule_timezone

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_sfn_state_machine.run.arn
    role_arn = aws_iam_role.schedule.arn
    input    = "{\"scheduled\":\"<aws.scheduler.scheduled-time>\"}"

    retry_policy {
      maximum_event_age_in_seconds = 7200
      maximum_retry_attempts       = 20
    }

    dead_letter_config {
      arn = aws_sqs_queue.not_started.arn
    }
  }
}
