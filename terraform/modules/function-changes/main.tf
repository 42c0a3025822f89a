# The rule that notices created and changed functions. Whoever uses this gives it its target.

resource "aws_cloudwatch_event_rule" "this" {
  name           = var.name
  description    = var.description
  event_bus_name = var.event_bus_name

  event_pattern = jsonencode({
    source      = ["aws.lambda"]
    detail-type = ["AWS API Call via CloudTrail"]
    detail = merge(
      {
        eventSource = ["lambda.amazonaws.com"]
        eventName = [
          "CreateFunction20150331",
          "UpdateFunctionCode20150331v2",
          "UpdateFunctionConfiguration20150331v2",
        ]
      },
      length(local.exclusions) == 0 ? {} : {
        requestParameters = { functionName = [{ anything-but = { wildcard = local.exclusions } }] }
      },
    )
  })
}

locals {
  # CloudTrail gives the name as the caller wrote it: a name, or an ARN, perhaps with a version.
  exclusions = concat(
    var.exclude_functions,
    [for name in var.exclude_functions : "*:function:${name}"],
    [for name in var.exclude_functions : "*:function:${name}:*"],
  )
}
