# What starts the scanner, and where events go that could not be brought to a good end.
mock_provider "aws" {
  source          = "../../mocks"
  override_during = plan
}

variables {
  qualys_pod          = "US2"
  qualys_secret_arn   = "arn:aws-us-gov:secretsmanager:us-gov-west-1:012345678912:secret:qualys-AbCdEf"
  code_s3_bucket      = "artifacts"
  code_s3_key         = "bootstrap.zip"
  q_scanner_layer_arn = "arn:aws-us-gov:lambda:us-gov-west-1:012345678912:layer:qscanner:1"
}

run "rules" {
  command = plan

  assert {
    condition = (
      toset(keys(aws_cloudwatch_event_target.scanner))
      == toset(["function-changes", "was-export", "was-snapshot", "host-detections", "car-import"])
    )
    error_message = "Other rules start the scanner."
  }
  assert {
    condition     = keys(aws_lambda_permission.rule) == keys(aws_cloudwatch_event_target.scanner)
    error_message = "A rule may not start the scanner."
  }
  assert {
    condition = alltrue([
      for target in aws_cloudwatch_event_target.scanner :
      target.retry_policy[0].maximum_retry_attempts == 185 && target.dead_letter_config[0].arn == module.dead_letters.arn
    ])
    error_message = "A target has no retries or no dead letters."
  }
  assert {
    condition     = aws_lambda_function.scanner.dead_letter_config[0].target_arn == module.dead_letters.arn
    error_message = "The function has no dead letters."
  }
  assert {
    condition     = aws_lambda_function_event_invoke_config.scanner.maximum_retry_attempts == 2
    error_message = "A failed scan is not tried again."
  }
}

run "jobs_are_off" {
  command = plan

  assert {
    condition     = alltrue([for rule in aws_cloudwatch_event_rule.job : rule.state == "DISABLED"])
    error_message = "A job runs that nobody has turned on."
  }
}

run "one_job_is_on" {
  command = plan

  variables {
    enable_was_export   = true
    was_export_schedule = "cron(0 3 * * ? *)"
  }

  assert {
    condition     = [for job, rule in aws_cloudwatch_event_rule.job : job if rule.state == "ENABLED"] == ["was-export"]
    error_message = "Another job runs than the one that was turned on."
  }
  assert {
    condition     = aws_cloudwatch_event_rule.job["was-export"].schedule_expression == "cron(0 3 * * ? *)"
    error_message = "The job runs at another time."
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_event_target.scanner["was-export"].input) == { job = "was-export" }
    error_message = "Another job is started."
  }
}
