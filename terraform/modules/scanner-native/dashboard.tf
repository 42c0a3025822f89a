resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = "${var.name}-${local.region}"

  dashboard_body = jsonencode({
    widgets = [
      {
        type = "metric", x = 0, y = 0, width = 12, height = 6
        properties = {
          title = "Scans by status", region = local.region, stat = "Sum", period = 3600, stacked = true
          metrics = [
            ["QualysLambdaScanner", "ScanSuccess", { label = "success" }],
            ["QualysLambdaScanner", "ScanPartial", { label = "partial" }],
            ["QualysLambdaScanner", "ScanFailure", { label = "failed" }],
          ]
        }
      },
      {
        type = "metric", x = 12, y = 0, width = 12, height = 6
        properties = {
          title = "Seconds a scan takes", region = local.region, period = 3600
          metrics = [
            ["QualysLambdaScanner", "ScanDuration", { stat = "p50", label = "half" }],
            ["QualysLambdaScanner", "ScanDuration", { stat = "p95", label = "95 of 100" }],
          ]
        }
      },
      {
        type = "metric", x = 0, y = 6, width = 12, height = 6
        properties = {
          title = "Vulnerabilities by severity", region = local.region, stat = "Sum", period = 3600
          metrics = [
            for severity in ["critical", "high", "medium", "low", "info"] :
            ["QualysLambdaScanner", "Vulnerabilities", "Severity", severity]
          ]
        }
      },
      {
        type = "metric", x = 12, y = 6, width = 6, height = 6
        properties = {
          title   = "Cache hits", region = local.region, stat = "Sum", period = 3600
          metrics = [["QualysLambdaScanner", "CacheHit"]]
        }
      },
      {
        type = "metric", x = 18, y = 6, width = 6, height = 6
        properties = {
          title   = "Dead letters", region = local.region, stat = "Maximum", period = 300
          metrics = [["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", module.dead_letters.name]]
        }
      },
    ]
  })
}
