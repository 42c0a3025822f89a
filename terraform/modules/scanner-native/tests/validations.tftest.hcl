# Bad input is refused, each with the sentence of its variable.
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

run "nothing_that_is_needed_is_right" {
  command = plan

  variables {
    name                = "Scanner"
    qualys_pod          = "US9"
    qualys_secret_arn   = "arn:aws:s3:::bucket:secret"
    code_s3_bucket      = "s3://bucket"
    code_s3_key         = ""
    q_scanner_layer_arn = "arn:aws:lambda:us-east-1:012345678912:layer:qscanner"
  }

  expect_failures = [
    var.name, var.qualys_pod, var.qualys_secret_arn, var.code_s3_bucket, var.code_s3_key, var.q_scanner_layer_arn,
  ]
}

run "too_small" {
  command = plan

  variables {
    cache_ttl_days       = 0
    scanner_memory_size  = 100
    scanner_timeout      = 59
    scan_timeout         = 29
    ephemeral_storage_mb = 511
    reserved_concurrency = 0
    max_workers          = 0
  }

  expect_failures = [
    var.cache_ttl_days, var.scanner_memory_size, var.scanner_timeout, var.scan_timeout, var.ephemeral_storage_mb,
    var.reserved_concurrency, var.max_workers,
  ]
}

run "too_large" {
  command = plan

  variables {
    cache_ttl_days       = 3651
    scanner_memory_size  = 10241
    scanner_timeout      = 901
    scan_timeout         = 901
    ephemeral_storage_mb = 10241
    reserved_concurrency = 1001
    max_workers          = 65
    exclude_functions    = [for number in range(20) : "a-function-with-a-name-of-forty-letters-${number}"]
  }

  expect_failures = [
    var.cache_ttl_days, var.scanner_memory_size, var.scanner_timeout, var.scan_timeout, var.ephemeral_storage_mb,
    var.reserved_concurrency, var.max_workers, var.exclude_functions,
  ]
}

run "no_whole_numbers" {
  command = plan

  variables {
    cache_ttl_days       = 1.5
    scanner_memory_size  = 1024.5
    reserved_concurrency = 1.5
  }

  expect_failures = [var.cache_ttl_days, var.scanner_memory_size, var.reserved_concurrency]
}

run "no_such_words" {
  command = plan

  variables {
    architecture             = "arm"
    log_level                = "loud"
    exclude_functions        = ["a**b"]
    alarm_email              = "nobody"
    permissions_boundary_arn = "boundary"
    scan_types               = "pkg, secret"
    qualys_api_url           = "qualysapi.example.com"
    qualys_gateway_url       = "http://gateway.example.com"
  }

  expect_failures = [
    var.architecture, var.log_level, var.exclude_functions, var.alarm_email, var.permissions_boundary_arn,
    var.scan_types, var.qualys_api_url, var.qualys_gateway_url,
  ]
}

run "no_schedules" {
  command = plan

  variables {
    was_export_schedule      = "rate(1 days)"
    was_snapshot_schedule    = "rate()"
    host_detections_schedule = ""
    car_import_schedule      = "cron(0 3 * * ?)"
  }

  expect_failures = [
    var.was_export_schedule, var.was_snapshot_schedule, var.host_detections_schedule, var.car_import_schedule,
  ]
}

run "exports_without_a_bucket" {
  command = plan

  variables {
    enable_s3_results      = false
    enable_host_detections = true
  }

  expect_failures = [var.enable_s3_results]
}

run "an_import_without_a_bucket" {
  command = plan

  variables {
    enable_s3_results = false
    enable_car_import = true
  }
}
