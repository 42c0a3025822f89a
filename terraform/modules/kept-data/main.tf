# Data, which is not destroyed with what made it. `terraform destroy` refuses as long as it knows of this module, before
# it has destroyed anything; `terraform state rm` makes it forget, and the data stays.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  all_buckets = {
    results = {
      wanted            = var.stores_results
      expires           = { prefix = "scans/", days = 365 }
      keeps_overwritten = 30
    }
    trail = {
      wanted            = var.creates_trail
      expires           = { prefix = "", days = 90 }
      keeps_overwritten = 30
    }
  }
  buckets = { for name, bucket in local.all_buckets : name => bucket if bucket.wanted }

  account = data.aws_caller_identity.current.account_id
  trail   = "arn:${data.aws_partition.current.partition}:cloudtrail:${data.aws_region.current.name}:${local.account}:trail/${var.name}"

  # What the trail may do with its bucket; the resources are paths in it.
  trail_writes = [
    {
      Sid       = "TrailLooks"
      Effect    = "Allow"
      Principal = { Service = "cloudtrail.amazonaws.com" }
      Action    = "s3:GetBucketAcl"
      Resource  = ""
      Condition = { StringEquals = { "aws:SourceArn" = local.trail } }
    },
    {
      Sid       = "TrailWrites"
      Effect    = "Allow"
      Principal = { Service = "cloudtrail.amazonaws.com" }
      Action    = "s3:PutObject"
      Resource  = "/AWSLogs/${local.account}/*"
      Condition = { StringEquals = { "s3:x-amz-acl" = "bucket-owner-full-control", "aws:SourceArn" = local.trail } }
    },
  ]
}

resource "aws_s3_bucket" "this" {
  for_each = local.buckets

  bucket_prefix = "${var.name}-${each.key}-"

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = local.buckets

  bucket                  = aws_s3_bucket.this[each.key].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id

  rule {
    id     = "old"
    status = "Enabled"

    filter {
      prefix = each.value.expires.prefix
    }
    expiration {
      days = each.value.expires.days
    }
  }

  rule {
    id     = "overwritten-versions"
    status = "Enabled"

    filter {}
    noncurrent_version_expiration {
      noncurrent_days = each.value.keeps_overwritten
    }
  }

  # What an ended function left half done costs money and is never seen.
  rule {
    id     = "unfinished-uploads"
    status = "Enabled"

    filter {}
    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_policy" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [for statement in local.trail_writes : merge(statement, {
        Resource = "${aws_s3_bucket.this[each.key].arn}${statement.Resource}"
      }) if each.key == "trail"],
      [{
        Sid       = "OnlyOverTLS"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.this[each.key].arn, "${aws_s3_bucket.this[each.key].arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }],
    )
  })

  depends_on = [aws_s3_bucket_public_access_block.this]
}

# A table that was kept still has its name: the next one needs another.
resource "terraform_data" "suffix" {
  count = var.remembers_scans ? 1 : 0

  input = substr(uuid(), 0, 8)

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_dynamodb_table" "scan_cache" {
  count = var.remembers_scans ? 1 : 0

  name         = "${var.name}-scan-cache-${terraform_data.suffix[0].output}"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "function_arn"

  attribute {
    name = "function_arn"
    type = "S"
  }
  ttl {
    attribute_name = "ttl"
    enabled        = true
  }
  point_in_time_recovery {
    enabled = true
  }
  server_side_encryption {
    enabled = true
  }

  lifecycle {
    prevent_destroy = true
  }
}
