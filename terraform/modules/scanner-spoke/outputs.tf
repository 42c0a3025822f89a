output "spoke_role_arn" {
  description = "Role that the hub takes; null where another region makes it"
  value       = one(aws_iam_role.spoke[*].arn)
}

output "rule_arn" {
  description = "Rule that sends changes to the hub"
  value       = module.function_changes.arn
}

output "dead_letter_queue_url" {
  description = "Queue with the changes that could not be sent"
  value       = module.dead_letters.url
}
