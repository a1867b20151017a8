variable "name" {
  type        = string
  default     = "drillmark"
  description = "Begins the name of everything here, and marks the ledger's volume and snapshots"
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,20}$", var.name))
    error_message = "Two to 21 small letters, digits and hyphens, beginning with a letter."
  }
}

variable "image" {
  type        = string
  description = "The container image (cron/container/Dockerfile) with your site file and drills in /etc/drillmark, by tag or better by digest"
}

variable "command" {
  type        = list(string)
  default     = ["run", "--all", "--config", "/etc/drillmark/drillmark.yaml"]
  description = "What the task runs. The site file must say ledger: /var/lib/drillmark/drillmark.sqlite"
}

variable "architecture" {
  type        = string
  default     = "X86_64"
  description = "X86_64 or ARM64"
}

variable "vpc_id" {
  type = string
}

variable "subnet_ids" {
  type        = list(string)
  description = "Private subnets with a NAT gateway, or with endpoints for ecr.api, ecr.dkr, logs, secretsmanager, sns and s3"
}

variable "database_security_group_id" {
  type        = string
  default     = null
  description = "The security group of restored RDS instances, when drills connect to them"
}

variable "schedule_expression" {
  type    = string
  default = "cron(0 4 ? * SUN *)"
}

variable "schedule_timezone" {
  type    = string
  default = "UTC"
}

variable "maximum_hours" {
  type        = number
  default     = 12
  description = "The run is given up, and alarmed of, after this long. Longer than the longest drill"
  validation {
    condition     = var.maximum_hours >= 1 && var.maximum_hours <= 36
    error_message = "From 1 to 36 hours."
  }
}

variable "overdue_hours" {
  type        = number
  default     = 192
  description = "An alarm goes off when no run has ended well for this long. Eight days for a weekly run"
}

variable "backup_bucket" {
  type        = string
  description = "The bucket that the backups lie in"
}

variable "backup_prefix" {
  type        = string
  default     = ""
  description = "What their keys begin with, such as postgres/; empty for the whole bucket"
}

variable "backup_key_arn" {
  type        = string
  default     = null
  description = "The KMS key that the backups are encrypted with, if it is not AWS's own"
}

variable "task_policy_arns" {
  type        = list(string)
  default     = []
  description = "More managed policies for the task, such as that of RDS drills (docs/aws.md)"
}

variable "topic_arn" {
  type        = string
  default     = null
  description = "The topic for alarms and for Drillmark's own messages; null makes one"
}

variable "secrets" {
  type        = map(string)
  default     = {}
  description = "Environment variables that drills name as references, each with the ARN of its secret in Secrets Manager"
}

variable "secret_key_arns" {
  type        = list(string)
  default     = []
  description = "The KMS keys of those secrets, where they are not AWS's own"
}

variable "cpu" {
  type    = number
  default = 2048
}

variable "memory" {
  type        = number
  default     = 8192
  description = "MiB, as Fargate allows beside cpu"
}

variable "scratch_gib" {
  type        = number
  default     = 100
  description = "Fargate's ephemeral storage, which holds the image and the restored systems"
  validation {
    condition     = var.scratch_gib >= 21 && var.scratch_gib <= 200
    error_message = "From 21 to 200 GiB, which is Fargate's limit."
  }
}

variable "ledger_gib" {
  type    = number
  default = 8
}

variable "keep_snapshots" {
  type        = number
  default     = 8
  description = "Snapshots of the ledger that are kept. Each holds the whole ledger"
  validation {
    condition     = var.keep_snapshots >= 2
    error_message = "At least 2."
  }
}

variable "log_days" {
  type    = number
  default = 400
}

variable "tags" {
  type    = map(string)
  default = {}
}
