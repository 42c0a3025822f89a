# What the scanner may do: nothing but what its settings ask for.
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

run "each_permission_names_its_action" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(aws_iam_role_policy.scanner.policy).Statement : [
        for action in flatten([statement.Action]) : !strcontains(action, "*")
      ]
    ]))
    error_message = "A permission has a wildcard for its action."
  }
  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.scanner.policy).Statement : statement.Action
      if statement.Resource == "*"
    ] == ["ecr:GetAuthorizationToken"]
    error_message = "A permission is for every resource."
  }
  assert {
    condition     = !strcontains(aws_iam_role_policy.scanner.policy, "arn:aws:")
    error_message = "A permission is for another partition."
  }
}

run "what_is_off_is_not_allowed" {
  command = plan

  variables {
    enable_s3_results        = false
    enable_sns_notifications = false
    enable_scan_cache        = false
    enable_tagging           = false
  }

  assert {
    condition = length(setintersection(
      [for statement in jsondecode(aws_iam_role_policy.scanner.policy).Statement : statement.Sid],
      ["StoreResults", "TellOfScans", "RememberScans", "TagFunctions", "AssumeOrganizationsRoles", "AssumeAccountsRoles"],
    )) == 0
    error_message = "Something is allowed that was turned off."
  }
}

run "a_job_without_a_table_reads_its_state" {
  command = plan

  variables {
    enable_scan_cache = false
    enable_was_export = true
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.scanner.policy).Statement : statement.Resource
      if statement.Action == "s3:GetObject"
    ] == ["arn:aws-us-gov:s3:::results/state/*"]
    error_message = "The job may not read its state, or more than that."
  }
}

run "secret_of_another_account" {
  command = plan

  variables {
    qualys_secret_arn = "arn:aws-us-gov:secretsmanager:us-gov-east-1:111122223333:secret:qualys-AbCdEf"
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.scanner.policy).Statement : statement.Resource
      if statement.Sid == "DecryptSecret"
    ] == ["arn:aws-us-gov:kms:us-gov-east-1:111122223333:key/*"]
    error_message = "The secret's key is not the one of the secret's account and region."
  }
}

run "boundary" {
  command = plan

  variables {
    permissions_boundary_arn = "arn:aws-us-gov:iam::012345678912:policy/boundary"
  }

  assert {
    condition     = aws_iam_role.scanner.permissions_boundary == var.permissions_boundary_arn
    error_message = "The role is not bounded."
  }
}
