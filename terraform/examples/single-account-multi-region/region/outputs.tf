output "function_arn" {
  description = "ARN of the scanner"
  value       = module.scanner.function_arn
}

output "results_bucket" {
  description = "Bucket with the results"
  value       = module.scanner.results_bucket
}
