data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name
  is_hub    = var.organization_id != "" || length(var.spoke_account_ids) > 0
}

resource "aws_lambda_function" "scanner" {
  function_name     = var.name
  description       = "Scans created and changed Lambda functions with Qualys QScanner"
  runtime           = "provided.al2023"
  handler           = "bootstrap"
  architectures     = [var.architecture]
  s3_bucket         = var.code_s3_bucket
  s3_key            = var.code_s3_key
  s3_object_version = var.code_s3_object_version == "" ? null : var.code_s3_object_version
  layers            = [var.q_scanner_layer_arn]
  role              = aws_iam_role.scanner.arn
  memory_size       = var.scanner_memory_size
  timeout           = var.scanner_timeout

  reserved_concurrent_executions = var.reserved_concurrency

  ephemeral_storage {
    size = var.ephemeral_storage_mb
  }

  dead_letter_config {
    target_arn = module.dead_letters.arn
  }

  # The program writes JSON lines itself.
  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.scanner.name
  }

  environment {
    variables = merge(
      {
        QUALYS_SECRET_ARN = var.qualys_secret_arn
        SCAN_TYPES        = var.scan_types
        SCAN_TIMEOUT      = var.scan_timeout
        CACHE_TTL_DAYS    = var.cache_ttl_days
        ENABLE_TAGGING    = var.enable_tagging
        LOG_LEVEL         = var.log_level
        MAX_WORKERS       = var.max_workers
      },
      var.qualys_api_url == "" ? {} : { QUALYS_API_URL = var.qualys_api_url },
      var.qualys_gateway_url == "" ? {} : { QUALYS_GATEWAY_URL = var.qualys_gateway_url },
      var.enable_s3_results ? { RESULTS_S3_BUCKET = module.kept_data.results_bucket } : {},
      var.enable_sns_notifications ? { SNS_TOPIC_ARN = aws_sns_topic.notifications[0].arn } : {},
      var.enable_scan_cache ? { SCAN_CACHE_TABLE = module.kept_data.scan_cache_table } : {},
      local.is_hub ? {
        CROSS_ACCOUNT_ROLE_NAME = var.spoke_role_name
        SCANNER_EXTERNAL_ID     = var.external_id
      } : {},
    )
  }

  # Lambda asks, when the function is made, whether its role may send to the dead letters.
  depends_on = [aws_iam_role_policy.scanner]
}

# What Lambda does with an event whose scan failed, before it goes to the dead letters.
resource "aws_lambda_function_event_invoke_config" "scanner" {
  function_name                = aws_lambda_function.scanner.function_name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 21600
}

resource "aws_cloudwatch_log_group" "scanner" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = 30
}

module "kept_data" {
  source = "../kept-data"

  name            = var.name
  stores_results  = var.enable_s3_results
  remembers_scans = var.enable_scan_cache
  creates_trail   = var.create_cloud_trail
}

resource "aws_sns_topic" "notifications" {
  count = var.enable_sns_notifications ? 1 : 0

  name              = "${var.name}-scans"
  display_name      = "Qualys Lambda scans"
  kms_master_key_id = "alias/aws/sns"
}

# Where none logs management events yet.
resource "aws_cloudtrail" "this" {
  count = var.create_cloud_trail ? 1 : 0

  name                          = var.name
  s3_bucket_name                = module.kept_data.trail_bucket
  enable_log_file_validation    = true
  include_global_service_events = false

  event_selector {
    read_write_type           = "WriteOnly"
    include_management_events = true
  }
}
