# The smallest scanner: what is needed, and the defaults.
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

run "defaults" {
  command = plan

  assert {
    condition = (
      aws_lambda_function.scanner.runtime == "provided.al2023" && aws_lambda_function.scanner.handler == "bootstrap"
      && aws_lambda_function.scanner.memory_size == 2048 && aws_lambda_function.scanner.timeout == 900
      && aws_lambda_function.scanner.ephemeral_storage[0].size == 2048
      && aws_lambda_function.scanner.reserved_concurrent_executions == -1
    )
    error_message = "The function is not what the defaults say."
  }
  assert {
    condition     = aws_lambda_function.scanner.layers == tolist([var.q_scanner_layer_arn])
    error_message = "The function has another layer than QScanner's."
  }
  assert {
    condition = toset(keys(aws_lambda_function.scanner.environment[0].variables)) == toset([
      "QUALYS_SECRET_ARN", "SCAN_TYPES", "SCAN_TIMEOUT", "CACHE_TTL_DAYS", "ENABLE_TAGGING", "LOG_LEVEL", "MAX_WORKERS",
      "RESULTS_S3_BUCKET", "SNS_TOPIC_ARN", "SCAN_CACHE_TABLE",
    ])
    error_message = "The function has other settings."
  }
  assert {
    condition     = aws_cloudwatch_log_group.scanner.retention_in_days == 30
    error_message = "The log is not kept for 30 days."
  }
  assert {
    condition     = length(aws_cloudtrail.this) == 0 && length(aws_cloudwatch_event_bus.spokes) == 0
    error_message = "There is a trail or a bus that nobody asked for."
  }
}

run "everything_off" {
  command = plan

  variables {
    enable_s3_results        = false
    enable_sns_notifications = false
    enable_scan_cache        = false
    enable_tagging           = false
  }

  assert {
    condition     = output.results_bucket == null && output.notifications_topic_arn == null && output.scan_cache_table == null
    error_message = "Something is made that was turned off."
  }
  assert {
    condition = length(setintersection(
      keys(aws_lambda_function.scanner.environment[0].variables),
      ["RESULTS_S3_BUCKET", "SNS_TOPIC_ARN", "SCAN_CACHE_TABLE"],
    )) == 0
    error_message = "The function has settings of what was turned off."
  }
}

run "settings" {
  command = plan

  variables {
    scanner_memory_size    = 3008
    scanner_timeout        = 600
    scan_timeout           = 200
    cache_ttl_days         = 7
    log_level              = "debug"
    reserved_concurrency   = 5
    architecture           = "arm64"
    code_s3_object_version = "v1"
    scan_types             = "pkg"
    max_workers            = 8
    qualys_api_url         = "https://qualysapi.example.com"
    qualys_gateway_url     = "https://gateway.example.com"
  }

  assert {
    condition = (
      aws_lambda_function.scanner.memory_size == 3008 && aws_lambda_function.scanner.timeout == 600
      && aws_lambda_function.scanner.reserved_concurrent_executions == 5
      && aws_lambda_function.scanner.architectures == tolist(["arm64"])
      && aws_lambda_function.scanner.s3_object_version == "v1"
    )
    error_message = "The function is not what was asked for."
  }
  assert {
    condition = (
      aws_lambda_function.scanner.environment[0].variables.SCAN_TIMEOUT == "200"
      && aws_lambda_function.scanner.environment[0].variables.CACHE_TTL_DAYS == "7"
      && aws_lambda_function.scanner.environment[0].variables.LOG_LEVEL == "debug"
      && aws_lambda_function.scanner.environment[0].variables.SCAN_TYPES == "pkg"
      && aws_lambda_function.scanner.environment[0].variables.MAX_WORKERS == "8"
      && aws_lambda_function.scanner.environment[0].variables.QUALYS_API_URL == "https://qualysapi.example.com"
      && aws_lambda_function.scanner.environment[0].variables.QUALYS_GATEWAY_URL == "https://gateway.example.com"
    )
    error_message = "The settings are not what was asked for."
  }
}
