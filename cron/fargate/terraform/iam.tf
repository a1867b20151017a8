locals {
  # Only for this account, whoever asks the service.
  trust = {
    for service in ["ecs-tasks", "ecs", "states", "scheduler"] : service => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect    = "Allow"
        Principal = { Service = "${service}.amazonaws.com" }
        Action    = "sts:AssumeRole"
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      }]
    })
  }
  ours = { StringEquals = { "aws:ResourceTag/drillmark:ledger" = var.name } }
}

# What the drills themselves may do: the policies of docs/aws.md for notifications and for backups in S3.
resource "aws_iam_role" "task" {
  name_prefix        = "${var.name}-task-"
  assume_role_policy = local.trust["ecs-tasks"]
  tags               = var.tags
}

resource "aws_iam_role_policy" "task" {
  name = "drills"
  role = aws_iam_role.task.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid      = "DrillmarkNotifications"
        Effect   = "Allow"
        Action   = "sns:Publish"
        Resource = var.topic_arn != null ? var.topic_arn : "arn:${local.partition}:sns:${local.region}:${local.account}:${var.name}-drills"
      },
      {
        Sid       = "DrillmarkMetrics"
        Effect    = "Allow"
        Action    = "cloudwatch:PutMetricData"
        Resource  = "*"
        Condition = { StringEquals = { "cloudwatch:namespace" = "Drillmark" } }
      },
      {
        Sid       = "DrillmarkBackupList"
        Effect    = "Allow"
        Action    = "s3:ListBucket"
        Resource  = "arn:${local.partition}:s3:::${var.backup_bucket}"
        Condition = { StringLike = { "s3:prefix" = "${var.backup_prefix}*" } }
      },
      {
        Sid      = "DrillmarkBackupRead"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = "arn:${local.partition}:s3:::${var.backup_bucket}/${var.backup_prefix}*"
      },
      ], [for key in compact([var.backup_key_arn]) : {
        Sid      = "DrillmarkBackupKey"
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = key
    }])
  })
}

resource "aws_iam_role_policy_attachment" "task" {
  for_each   = toset(var.task_policy_arns)
  role       = aws_iam_role.task.name
  policy_arn = each.value
}

# What ECS itself needs to start the task.
resource "aws_iam_role" "execution" {
  name_prefix        = "${var.name}-start-"
  assume_role_policy = local.trust["ecs-tasks"]
  tags               = var.tags
}

resource "aws_iam_role_policy" "execution" {
  name = "start"
  role = aws_iam_role.execution.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid      = "Image"
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = "arn:${local.partition}:ecr:*:*:repository/*"
      },
      { Sid = "Registry", Effect = "Allow", Action = ["ecr:GetAuthorizationToken"], Resource = "*" },
      {
        Sid      = "Logs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.drills.arn}:*"
      },
      ],
      length(var.secrets) == 0 ? [] : [
        { Sid = "Secrets", Effect = "Allow", Action = ["secretsmanager:GetSecretValue"], Resource = values(var.secrets) },
      ],
      length(var.secret_key_arns) == 0 ? [] : [
        { Sid = "SecretKeys", Effect = "Allow", Action = ["kms:Decrypt"], Resource = var.secret_key_arns },
    ])
  })
}

# With which ECS makes and attaches the ledger's volume.
resource "aws_iam_role" "volume" {
  name_prefix        = "${var.name}-volume-"
  assume_role_policy = local.trust["ecs"]
  tags               = var.tags
}

resource "aws_iam_role_policy_attachment" "volume" {
  role       = aws_iam_role.volume.name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/AmazonECSInfrastructureRolePolicyForVolumes"
}

resource "aws_iam_role" "run" {
  name_prefix        = "${var.name}-run-"
  assume_role_policy = local.trust["states"]
  tags               = var.tags
}

resource "aws_iam_role_policy" "run" {
  name = "run"
  role = aws_iam_role.run.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Alone"
        Effect   = "Allow"
        Action   = "states:ListExecutions"
        Resource = "arn:${local.partition}:states:${local.region}:${local.account}:stateMachine:${var.name}-run"
      },
      {
        Sid       = "Task"
        Effect    = "Allow"
        Action    = "ecs:RunTask"
        Resource  = "arn:${local.partition}:ecs:${local.region}:${local.account}:task-definition/${var.name}:*"
        Condition = { ArnEquals = { "ecs:cluster" = aws_ecs_cluster.drills.arn } }
      },
      {
        Sid      = "Look"
        Effect   = "Allow"
        Action   = "ecs:DescribeTasks"
        Resource = "arn:${local.partition}:ecs:${local.region}:${local.account}:task/${var.name}/*"
      },
      {
        Sid       = "Roles"
        Effect    = "Allow"
        Action    = "iam:PassRole"
        Resource  = [aws_iam_role.task.arn, aws_iam_role.execution.arn, aws_iam_role.volume.arn]
        Condition = { StringEquals = { "iam:PassedToService" = ["ecs-tasks.amazonaws.com", "ecs.amazonaws.com"] } }
      },
      { Sid = "Find", Effect = "Allow", Action = ["ec2:DescribeVolumes", "ec2:DescribeSnapshots"], Resource = "*" },
      {
        Sid       = "SaveOurVolume"
        Effect    = "Allow"
        Action    = ["ec2:CreateSnapshot", "ec2:DeleteVolume"]
        Resource  = "arn:${local.partition}:ec2:${local.region}:${local.account}:volume/*"
        Condition = local.ours
      },
      {
        Sid       = "SaveAsOurSnapshot"
        Effect    = "Allow"
        Action    = "ec2:CreateSnapshot"
        Resource  = "arn:${local.partition}:ec2:${local.region}::snapshot/*"
        Condition = { StringEquals = { "aws:RequestTag/drillmark:ledger" = var.name } }
      },
      {
        Sid       = "TagWhatIsSaved"
        Effect    = "Allow"
        Action    = "ec2:CreateTags"
        Resource  = "arn:${local.partition}:ec2:${local.region}::snapshot/*"
        Condition = { StringEquals = { "ec2:CreateAction" = "CreateSnapshot" } }
      },
      {
        Sid       = "DropOurSnapshots"
        Effect    = "Allow"
        Action    = "ec2:DeleteSnapshot"
        Resource  = "arn:${local.partition}:ec2:${local.region}::snapshot/*"
        Condition = local.ours
      },
      { Sid = "Pointer", Effect = "Allow", Action = ["ssm:GetParameter", "ssm:PutParameter"], Resource = aws_ssm_parameter.ledger.arn },
    ]
  })
}

resource "aws_iam_role" "schedule" {
  name_prefix        = "${var.name}-schedule-"
  assume_role_policy = local.trust["scheduler"]
  tags               = var.tags
}

resource "aws_iam_role_policy" "schedule" {
  name = "start"
  role = aws_iam_role.schedule.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "states:StartExecution", Resource = [aws_sfn_state_machine.run.arn, aws_sfn_state_machine.watch.arn] },
      { Effect = "Allow", Action = "sqs:SendMessage", Resource = [aws_sqs_queue.not_started.arn] },
    ]
  })
}

resource "aws_iam_role" "watch" {
  name_prefix        = "${var.name}-watch-"
  assume_role_policy = local.trust["states"]
  tags               = var.tags
}

resource "aws_iam_role_policy" "watch" {
  name = "watch"
  role = aws_iam_role.watch.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "states:ListExecutions", Resource = aws_sfn_state_machine.run.arn }]
  })
}
