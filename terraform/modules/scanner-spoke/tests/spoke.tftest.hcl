# A spoke: what it sends to the hub, and the role that the hub takes.
mock_provider "aws" {
  source          = "../../mocks"
  override_during = plan
}

variables {
  hub_event_bus_arn    = "arn:aws-us-gov:events:us-gov-west-1:999988887777:event-bus/hub-spokes"
  hub_scanner_role_arn = "arn:aws-us-gov:iam::999988887777:role/hub-us-gov-west-1"
  external_id          = "0123456789abcdef"
}

run "trust" {
  command = plan

  assert {
    condition = [for statement in jsondecode(aws_iam_role.spoke[0].assume_role_policy).Statement : statement] == [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { AWS = "arn:aws-us-gov:iam::999988887777:root" }
      Condition = {
        ArnEquals    = { "aws:PrincipalArn" = "arn:aws-us-gov:iam::999988887777:role/hub-us-gov-west-1" }
        StringEquals = { "sts:ExternalId" = "0123456789abcdef" }
      }
    }]
    error_message = "The role trusts others than the hub's scanner with its external id."
  }
  assert {
    condition     = aws_iam_role.spoke[0].name == "qualys-lambda-scanner-spoke"
    error_message = "The hub does not know the role's name."
  }
}

run "forwarding" {
  command = plan

  assert {
    condition     = aws_cloudwatch_event_target.hub.arn == var.hub_event_bus_arn
    error_message = "Changes are sent elsewhere."
  }
  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.forwarding.policy).Statement : [statement.Action, statement.Resource]
    ] == [["events:PutEvents", var.hub_event_bus_arn]]
    error_message = "EventBridge may do more than send to the hub."
  }
}

run "tagging_off" {
  command = plan

  variables {
    enable_tagging = false
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.spoke[0].policy, "lambda:TagResource")
    error_message = "The hub may tag functions, although that is off."
  }
}

run "another_region_makes_the_role" {
  command = plan

  variables {
    role_region = "us-gov-east-1"
  }

  assert {
    condition     = length(aws_iam_role.spoke) == 0 && output.spoke_role_arn == null
    error_message = "Two regions make the same role."
  }
}

run "this_region_makes_the_role" {
  command = plan

  variables {
    role_region = "us-gov-west-1"
  }

  assert {
    condition     = length(aws_iam_role.spoke) == 1
    error_message = "No region makes the role."
  }
}
