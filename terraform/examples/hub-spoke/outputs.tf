output "function_name" {
  description = "Name of the scanner"
  value       = module.hub.function_name
}

output "role_arn" {
  description = "ARN of the scanner's role - HubScannerRoleArn of further spokes"
  value       = module.hub.role_arn
}

output "event_bus_arn" {
  description = "Bus that spokes send changes to - HubEventBusArn of further spokes"
  value       = module.hub.event_bus_arn
}

output "results_bucket" {
  description = "Bucket with the results"
  value       = module.hub.results_bucket
}

output "scan_cache_table" {
  description = "Table that remembers scans"
  value       = module.hub.scan_cache_table
}

output "spoke_role_arn" {
  description = "Role in the spoke that the scanner takes"
  value       = module.spoke.spoke_role_arn
}
