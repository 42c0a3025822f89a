# The bus that spokes send changes to, in a hub alone.

resource "aws_cloudwatch_event_bus" "spokes" {
  count = local.is_hub ? 1 : 0

  name        = "${var.name}-spokes"
  description = "Changes of Lambda functions in other accounts"
}

resource "aws_cloudwatch_event_bus_policy" "spokes" {
  count = local.is_hub ? 1 : 0

  event_bus_name = aws_cloudwatch_event_bus.spokes[0].name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [for organization in compact([var.organization_id]) : {
        Sid       = "OrganizationMaySend"
        Effect    = "Allow"
        Principal = "*"
        Action    = "events:PutEvents"
        Resource  = aws_cloudwatch_event_bus.spokes[0].arn
        Condition = { StringEquals = merge({ "aws:PrincipalOrgID" = organization }, local.function_changes) }
      }],
      [for accounts in [var.spoke_account_ids] : {
        Sid       = "AccountsMaySend"
        Effect    = "Allow"
        Principal = { AWS = accounts }
        Action    = "events:PutEvents"
        Resource  = aws_cloudwatch_event_bus.spokes[0].arn
        Condition = { StringEquals = local.function_changes }
      } if length(accounts) > 0],
    )
  })
}

locals {
  function_changes = { "events:source" = "aws.lambda", "events:detail-type" = "AWS API Call via CloudTrail" }
}

module "spoke_changes" {
  source = "../function-changes"
  count  = local.is_hub ? 1 : 0

  name              = "${var.name}-spoke-changes"
  description       = "A Lambda function of another account was created or changed"
  event_bus_name    = aws_cloudwatch_event_bus.spokes[0].name
  exclude_functions = var.exclude_functions
}
