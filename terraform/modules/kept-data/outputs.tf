output "results_bucket" {
  description = "Name of the bucket with the results; null without one"
  value       = one([for name, bucket in aws_s3_bucket.this : bucket.id if name == "results"])
}

output "results_bucket_arn" {
  description = "ARN of the bucket with the results; null without one"
  value       = one([for name, bucket in aws_s3_bucket.this : bucket.arn if name == "results"])
}

# The trail looks for what it may do when it is made.
output "trail_bucket" {
  description = "Name of the trail's bucket; null without one"
  value       = one([for name, bucket in aws_s3_bucket.this : bucket.id if name == "trail"])
  depends_on  = [aws_s3_bucket_policy.this]
}

output "scan_cache_table" {
  description = "Name of the table that remembers scans; null without one"
  value       = one(aws_dynamodb_table.scan_cache[*].name)
}

output "scan_cache_table_arn" {
  description = "ARN of the table that remembers scans; null without one"
  value       = one(aws_dynamodb_table.scan_cache[*].arn)
}
