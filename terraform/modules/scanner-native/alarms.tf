module "alarm_topic" {
  source = "../alarm-topic"

  name  = var.name
  email = var.alarm_email
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = {
    errors    = { says = "A scan failed", namespace = "AWS/Lambda", metric = "Errors" }
    throttles = { says = "Scans had to wait - more changes than the function's concurrency takes", namespace = "AWS/Lambda", metric = "Throttles" }
    # The program's own metrics have no dimension, but Vulnerabilities, which has Severity.
    partial-scans = { says = "Qualys's report did not come in time", namespace = "QualysLambdaScanner", metric = "ScanPartial" }
  }

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.says
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.namespace == "AWS/Lambda" ? { FunctionName = aws_lambda_function.scanner.function_name } : null
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = module.alarm_topic.actions
}

# The failure that makes no error: the trail or the rule is gone. A day without any data counts as well.
resource "aws_cloudwatch_metric_alarm" "no_scans" {
  alarm_name          = "${var.name}-no-scans"
  alarm_description   = "No scan for a day - no changes, or nobody tells of them. After a deployment it stands until the first scan."
  evaluation_periods  = 1
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = module.alarm_topic.actions

  metric_query {
    id          = "scans"
    label       = "Scans"
    expression  = "FILL(success,0)+FILL(partial,0)+FILL(cached,0)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { success = "ScanSuccess", partial = "ScanPartial", cached = "CacheHit" }

    content {
      id          = metric_query.key
      return_data = false

      metric {
        namespace   = "QualysLambdaScanner"
        metric_name = metric_query.value
        stat        = "Sum"
        period      = 86400
      }
    }
  }
}
