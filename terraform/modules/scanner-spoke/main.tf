# Sends changes of this account's Lambda functions to the hub, and has the role that the hub takes to look at them.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account    = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  makes_role = contains(["", data.aws_region.current.name], var.role_region)
  boundary   = var.permissions_boundary_arn == "" ? null : var.permissions_boundary_arn
}

module "function_changes" {
  source = "../function-changes"

  name              = "${var.name}-function-changes"
  description       = "A Lambda function was created or changed"
  exclude_functions = var.exclude_functions
}

resource "aws_cloudwatch_event_target" "hub" {
  target_id = "hub"
  rule      = module.function_changes.name
  arn       = var.hub_event_bus_arn
  role_arn  = aws_iam_role.forwarding.arn

  retry_policy {
    maximum_retry_attempts       = 185
    maximum_event_age_in_seconds = 21600
  }

  dead_letter_config {
    arn = module.dead_letters.arn
  }
}

module "dead_letters" {
  source = "../dead-letters"

  name          = var.name
  rule_arns     = [module.function_changes.arn]
  alarm_actions = module.alarm_topic.actions
}

module "alarm_topic" {
  source = "../alarm-topic"

  name  = var.name
  email = var.alarm_email
}

module "kept_data" {
  source = "../kept-data"

  name          = var.name
  creates_trail = var.create_cloud_trail
}

# Where none logs management events yet.
resource "aws_cloudtrail" "this" {
  count = var.create_cloud_trail ? 1 : 0

  name                          = var.name
  s3_bucket_name                = module.kept_data.trail_bucket
  enable_log_file_validation    = true
  include_global_service_events = false

  event_selector {
    read_write_type           = "WriteOnly"
    include_management_events = true
  }
}
