# What the hub may do here.

resource "aws_iam_role" "spoke" {
  count = local.makes_role ? 1 : 0

  # The hub knows it by this name, in every account.
  name                 = var.spoke_role_name
  description          = "Lets the Qualys Lambda scanner of the hub read and tag functions"
  permissions_boundary = local.boundary

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      Action = "sts:AssumeRole"
      # A role named here is kept by its unique id: one that is made anew under its name would no longer be meant.
      Principal = { AWS = "arn:${local.partition}:iam::${split(":", var.hub_scanner_role_arn)[4]}:root" }
      Condition = {
        ArnEquals    = { "aws:PrincipalArn" = var.hub_scanner_role_arn }
        StringEquals = { "sts:ExternalId" = var.external_id }
      }
    }]
  })
}

resource "aws_iam_role_policy" "spoke" {
  count = local.makes_role ? 1 : 0

  name = "spoke"
  role = aws_iam_role.spoke[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      # The role is one for all regions of the account.
      [{
        Sid      = "ReadFunctions"
        Effect   = "Allow"
        Action   = "lambda:GetFunction"
        Resource = local.functions
      }],
      [for resource in [local.functions] : {
        Sid      = "TagFunctions"
        Effect   = "Allow"
        Action   = "lambda:TagResource"
        Resource = resource
        Condition = {
          "ForAllValues:StringEquals" = { "aws:TagKeys" = ["QualysScanStatus", "QualysScanTag", "QualysScanTimestamp"] }
        }
      } if var.enable_tagging],
      [
        # For functions whose package is under a key of one's own.
        {
          Sid       = "DecryptFunctions"
          Effect    = "Allow"
          Action    = "kms:Decrypt"
          Resource  = "arn:${local.partition}:kms:*:${local.account}:key/*"
          Condition = { StringLike = { "kms:ViaService" = "lambda.*.${data.aws_partition.current.dns_suffix}" } }
        },
        # The token is the account's: this one action knows no resource.
        {
          Sid      = "SignInToRegistry"
          Effect   = "Allow"
          Action   = "ecr:GetAuthorizationToken"
          Resource = "*"
        },
        {
          Sid      = "ReadImages"
          Effect   = "Allow"
          Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
          Resource = "arn:${local.partition}:ecr:*:${local.account}:repository/*"
        },
      ],
    )
  })
}

locals {
  functions = "arn:${local.partition}:lambda:*:${local.account}:function:*"
}

# What EventBridge may do here.

resource "aws_iam_role" "forwarding" {
  name_prefix          = "${var.name}-"
  description          = "Lets EventBridge send changes of Lambda functions to the hub"
  permissions_boundary = local.boundary

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "events.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "forwarding" {
  name = "forward"
  role = aws_iam_role.forwarding.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "SendToHub"
      Effect   = "Allow"
      Action   = "events:PutEvents"
      Resource = var.hub_event_bus_arn
    }]
  })
}
