output "function_name" {
  description = "Name of the scanner"
  value       = module.scanner.function_name
}

output "role_arn" {
  description = "ARN of the scanner's role"
  value       = module.scanner.role_arn
}

output "log_group" {
  description = "Log group of the scanner"
  value       = module.scanner.log_group
}

output "results_bucket" {
  description = "Bucket with the results"
  value       = module.scanner.results_bucket
}

output "scan_cache_table" {
  description = "Table that remembers scans"
  value       = module.scanner.scan_cache_table
}

output "notifications_topic_arn" {
  description = "Topic that tells of scans"
  value       = module.scanner.notifications_topic_arn
}

output "dead_letter_queue_url" {
  description = "Queue with the events that were given up"
  value       = module.scanner.dead_letter_queue_url
}
