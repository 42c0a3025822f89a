output "function_arns" {
  description = "ARNs of the scanners, by region"
  value = {
    us-east-1 = module.us_east_1.function_arn
    us-west-2 = module.us_west_2.function_arn
    eu-west-1 = module.eu_west_1.function_arn
  }
}

output "results_buckets" {
  description = "Buckets with the results, by region"
  value = {
    us-east-1 = module.us_east_1.results_bucket
    us-west-2 = module.us_west_2.results_bucket
    eu-west-1 = module.eu_west_1.results_bucket
  }
}
