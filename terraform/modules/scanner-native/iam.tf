resource "aws_iam_role" "scanner" {
  # Spokes trust this very name: with a new one none of them would.
  name                 = "${var.name}-${local.region}"
  description          = "What the Qualys Lambda scanner may do"
  permissions_boundary = var.permissions_boundary_arn == "" ? null : var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "scanner" {
  name = "scanner"
  role = aws_iam_role.scanner.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      for statement in local.statements : { for name, value in statement : name => value if name != "If" } if statement.If
    ]
  })
}

locals {
  functions = "arn:${local.partition}:lambda:${local.region}:${local.account}:function:*"
  # The secret may be of another region or account.
  secret_region  = split(":", var.qualys_secret_arn)[3]
  secret_account = split(":", var.qualys_secret_arn)[4]

  # Statements with an `If` of false are left out.
  statements = [
    {
      If       = true
      Sid      = "WriteLog"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.scanner.arn}:*"
    },
    {
      If       = true
      Sid      = "ReadSecret"
      Effect   = "Allow"
      Action   = "secretsmanager:GetSecretValue"
      Resource = var.qualys_secret_arn
    },
    # Only for a secret under a key of one's own: AWS's own key needs no permission.
    {
      If       = true
      Sid      = "DecryptSecret"
      Effect   = "Allow"
      Action   = "kms:Decrypt"
      Resource = "arn:${local.partition}:kms:${local.secret_region}:${local.secret_account}:key/*"
      Condition = {
        StringEquals = {
          "kms:EncryptionContext:SecretARN" = var.qualys_secret_arn
          "kms:ViaService"                  = "secretsmanager.${local.secret_region}.${data.aws_partition.current.dns_suffix}"
        }
      }
    },
    {
      If       = true
      Sid      = "ReadFunctions"
      Effect   = "Allow"
      Action   = "lambda:GetFunction"
      Resource = local.functions
    },
    {
      If       = var.enable_tagging
      Sid      = "TagFunctions"
      Effect   = "Allow"
      Action   = "lambda:TagResource"
      Resource = local.functions
      Condition = {
        "ForAllValues:StringEquals" = { "aws:TagKeys" = ["QualysScanStatus", "QualysScanTag", "QualysScanTimestamp"] }
      }
    },
    # For functions whose package is under a key of one's own.
    {
      If        = true
      Sid       = "DecryptFunctions"
      Effect    = "Allow"
      Action    = "kms:Decrypt"
      Resource  = "arn:${local.partition}:kms:${local.region}:${local.account}:key/*"
      Condition = { StringEquals = { "kms:ViaService" = "lambda.${local.region}.${data.aws_partition.current.dns_suffix}" } }
    },
    # The token is the account's: this one action knows no resource.
    {
      If       = true
      Sid      = "SignInToRegistry"
      Effect   = "Allow"
      Action   = "ecr:GetAuthorizationToken"
      Resource = "*"
    },
    {
      If       = true
      Sid      = "ReadImages"
      Effect   = "Allow"
      Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      Resource = "arn:${local.partition}:ecr:${local.region}:${local.account}:repository/*"
    },
    {
      If       = true
      Sid      = "SendDeadLetters"
      Effect   = "Allow"
      Action   = "sqs:SendMessage"
      Resource = module.dead_letters.arn
    },
    {
      If       = var.enable_s3_results
      Sid      = "StoreResults"
      Effect   = "Allow"
      Action   = ["s3:AbortMultipartUpload", "s3:PutObject"]
      Resource = join("/", compact([module.kept_data.results_bucket_arn, "*"]))
    },
    # A run that goes on reads what it has written, and a snapshot of changes the last snapshot.
    {
      If       = var.enable_was_snapshot
      Sid      = "ReadSnapshots"
      Effect   = "Allow"
      Action   = "s3:GetObject"
      Resource = join("/", compact([module.kept_data.results_bucket_arn, "was/*"]))
    },
    {
      If       = var.enable_host_detections
      Sid      = "ReadDetections"
      Effect   = "Allow"
      Action   = "s3:GetObject"
      Resource = join("/", compact([module.kept_data.results_bucket_arn, "vm/*"]))
    },
    # Where there is no table.
    {
      If       = !var.enable_scan_cache && var.enable_s3_results && anytrue(values(local.jobs)[*].runs)
      Sid      = "ReadState"
      Effect   = "Allow"
      Action   = "s3:GetObject"
      Resource = join("/", compact([module.kept_data.results_bucket_arn, "state/*"]))
    },
    {
      If       = var.enable_sns_notifications
      Sid      = "TellOfScans"
      Effect   = "Allow"
      Action   = "sns:Publish"
      Resource = one(aws_sns_topic.notifications[*].arn)
    },
    {
      If       = var.enable_scan_cache
      Sid      = "RememberScans"
      Effect   = "Allow"
      Action   = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
      Resource = module.kept_data.scan_cache_table_arn
    },
    {
      If       = var.organization_id != ""
      Sid      = "AssumeOrganizationsRoles"
      Effect   = "Allow"
      Action   = "sts:AssumeRole"
      Resource = "arn:${local.partition}:iam::*:role/${var.spoke_role_name}"
      Condition = {
        StringEquals = { "aws:ResourceOrgID" = var.organization_id, "sts:ExternalId" = var.external_id }
      }
    },
    {
      If       = length(var.spoke_account_ids) > 0
      Sid      = "AssumeAccountsRoles"
      Effect   = "Allow"
      Action   = "sts:AssumeRole"
      Resource = "arn:${local.partition}:iam::*:role/${var.spoke_role_name}"
      Condition = {
        StringEquals = { "aws:ResourceAccount" = var.spoke_account_ids, "sts:ExternalId" = var.external_id }
      }
    },
  ]
}
