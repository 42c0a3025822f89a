locals {
  jobs = {
    was-export      = { runs = var.enable_was_export, schedule = var.was_export_schedule }
    was-snapshot    = { runs = var.enable_was_snapshot, schedule = var.was_snapshot_schedule }
    host-detections = { runs = var.enable_host_detections, schedule = var.host_detections_schedule }
    car-import      = { runs = var.enable_car_import, schedule = var.car_import_schedule }
  }

  # Every rule that starts the scanner, and what it sends in place of the event.
  rules = merge(
    {
      function-changes = { bus = "default", name = module.function_changes.name, arn = module.function_changes.arn, input = null }
    },
    {
      for job, rule in aws_cloudwatch_event_rule.job :
      job => { bus = "default", name = rule.name, arn = rule.arn, input = jsonencode({ job = job }) }
    },
    {
      for rule in module.spoke_changes :
      "spoke-changes" => { bus = aws_cloudwatch_event_bus.spokes[0].name, name = rule.name, arn = rule.arn, input = null }
    },
  )
}

module "function_changes" {
  source = "../function-changes"

  name              = "${var.name}-function-changes"
  description       = "A Lambda function was created or changed"
  exclude_functions = var.exclude_functions
}

resource "aws_cloudwatch_event_rule" "job" {
  for_each = local.jobs

  name                = "${var.name}-${each.key}"
  description         = "Starts the job ${each.key}"
  schedule_expression = each.value.schedule
  state               = each.value.runs ? "ENABLED" : "DISABLED"
}

resource "aws_cloudwatch_event_target" "scanner" {
  for_each = local.rules

  target_id      = "scanner"
  rule           = each.value.name
  event_bus_name = each.value.bus
  arn            = aws_lambda_function.scanner.arn
  input          = each.value.input

  retry_policy {
    maximum_retry_attempts       = 185
    maximum_event_age_in_seconds = 21600
  }

  dead_letter_config {
    arn = module.dead_letters.arn
  }
}

resource "aws_lambda_permission" "rule" {
  for_each = local.rules

  statement_id  = each.key
  function_name = aws_lambda_function.scanner.function_name
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  source_arn    = each.value.arn
}

module "dead_letters" {
  source = "../dead-letters"

  name          = var.name
  rule_arns     = values(local.rules)[*].arn
  alarm_actions = module.alarm_topic.actions
}
