# A scanner that is a hub: its bus, and the roles that it may take.
mock_provider "aws" {
  source          = "../../mocks"
  override_during = plan
}

# The table's name is made up when it is made: a plan cannot know it.
override_module {
  target          = module.kept_data
  override_during = plan
  outputs = {
    results_bucket       = "results"
    results_bucket_arn   = "arn:aws-us-gov:s3:::results"
    scan_cache_table     = "scan-cache"
    scan_cache_table_arn = "arn:aws-us-gov:dynamodb:us-gov-west-1:012345678912:table/scan-cache"
    trail_bucket         = null
  }
}

variables {
  qualys_pod          = "US2"
  qualys_secret_arn   = "arn:aws-us-gov:secretsmanager:us-gov-west-1:012345678912:secret:qualys-AbCdEf"
  code_s3_bucket      = "artifacts"
  code_s3_key         = "bootstrap.zip"
  q_scanner_layer_arn = "arn:aws-us-gov:lambda:us-gov-west-1:012345678912:layer:qscanner:1"
}

run "of_accounts" {
  command = plan

  variables {
    spoke_account_ids = ["111122223333", "444455556666"]
    external_id       = "0123456789abcdef"
  }

  assert {
    condition     = aws_cloudwatch_event_bus.spokes[0].name == "qualys-lambda-scanner-spokes"
    error_message = "The bus has another name."
  }
  assert {
    condition = [
      for statement in jsondecode(aws_cloudwatch_event_bus_policy.spokes[0].policy).Statement : statement.Principal
    ] == [{ AWS = ["111122223333", "444455556666"] }]
    error_message = "The bus is open to others than the named accounts."
  }
  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.scanner.policy).Statement : statement.Condition.StringEquals
      if statement.Action == "sts:AssumeRole"
    ] == [{ "aws:ResourceAccount" = ["111122223333", "444455556666"], "sts:ExternalId" = "0123456789abcdef" }]
    error_message = "The scanner may take other roles than those of the named accounts."
  }
  assert {
    condition = (
      aws_lambda_function.scanner.environment[0].variables.CROSS_ACCOUNT_ROLE_NAME == "qualys-lambda-scanner-spoke"
      && aws_lambda_function.scanner.environment[0].variables.SCANNER_EXTERNAL_ID == "0123456789abcdef"
    )
    error_message = "The scanner does not know which role to take."
  }
  assert {
    condition     = contains(keys(aws_cloudwatch_event_target.scanner), "spoke-changes")
    error_message = "Nobody scans what the spokes send."
  }
}

run "of_an_organization" {
  command = plan

  variables {
    organization_id = "o-a1b2c3d4e5"
    external_id     = "0123456789abcdef"
  }

  assert {
    condition = [
      for statement in jsondecode(aws_cloudwatch_event_bus_policy.spokes[0].policy).Statement :
      statement.Condition.StringEquals["aws:PrincipalOrgID"]
    ] == ["o-a1b2c3d4e5"]
    error_message = "The bus is open to others than the organization."
  }
}

run "without_an_external_id" {
  command = plan

  variables {
    organization_id = "o-a1b2c3d4e5"
  }

  expect_failures = [var.external_id]
}

run "with_a_short_external_id" {
  command = plan

  variables {
    organization_id = "o-a1b2c3d4e5"
    external_id     = "0123456789abcde"
  }

  expect_failures = [var.external_id]
}

run "without_spokes" {
  command = plan

  variables {
    external_id = "0123456789abcdef"
  }

  expect_failures = [var.external_id]
}

run "of_no_proper_account_or_organization" {
  command = plan

  variables {
    organization_id   = "o-1"
    spoke_account_ids = ["11112222333"]
    spoke_role_name   = "role/name"
    external_id       = "0123456789abcdef"
  }

  expect_failures = [var.organization_id, var.spoke_account_ids, var.spoke_role_name]
}
