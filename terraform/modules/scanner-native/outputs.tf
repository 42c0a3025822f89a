output "function_name" {
  description = "Name of the scanner"
  value       = aws_lambda_function.scanner.function_name
}

output "function_arn" {
  description = "ARN of the scanner"
  value       = aws_lambda_function.scanner.arn
}

output "role_arn" {
  description = "ARN of the scanner's role - hub_scanner_role_arn of the spokes"
  value       = aws_iam_role.scanner.arn
}

output "log_group" {
  description = "Log group of the scanner"
  value       = aws_cloudwatch_log_group.scanner.name
}

output "dead_letter_queue_url" {
  description = "Queue with the events that were given up"
  value       = module.dead_letters.url
}

output "results_bucket" {
  description = "Bucket with the results; null without one"
  value       = module.kept_data.results_bucket
}

output "notifications_topic_arn" {
  description = "Topic that tells of scans; null without one"
  value       = one(aws_sns_topic.notifications[*].arn)
}

output "scan_cache_table" {
  description = "Table that remembers scans; null without one"
  value       = module.kept_data.scan_cache_table
}

output "dashboard_name" {
  description = "CloudWatch dashboard"
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}

output "event_bus_arn" {
  description = "Bus that spokes send changes to - hub_event_bus_arn of the spokes; null where this is no hub"
  value       = one(aws_cloudwatch_event_bus.spokes[*].arn)
}

output "qualys_pod" {
  description = "Qualys platform that the scanner was made for; the secret must name the same"
  value       = var.qualys_pod
}
