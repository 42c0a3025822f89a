# Who hears of trouble.
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

run "nobody" {
  command = plan

  assert {
    condition = alltrue([
      for alarm in concat(values(aws_cloudwatch_metric_alarm.this), [aws_cloudwatch_metric_alarm.no_scans]) :
      length(coalesce(alarm.alarm_actions, [])) == 0
    ])
    error_message = "An alarm tells somebody, without an address."
  }
}

run "somebody" {
  command = plan

  variables {
    alarm_email = "security@example.com"
  }

  assert {
    condition = alltrue([
      for alarm in concat(values(aws_cloudwatch_metric_alarm.this), [aws_cloudwatch_metric_alarm.no_scans]) :
      length(alarm.alarm_actions) == 1
    ])
    error_message = "An alarm tells nobody."
  }
  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.this)) == toset(["errors", "throttles", "partial-scans"])
    error_message = "There are other alarms."
  }
}

run "silence_is_an_alarm_and_no_errors_are_none" {
  command = plan

  assert {
    condition     = aws_cloudwatch_metric_alarm.no_scans.treat_missing_data == "breaching"
    error_message = "Nobody hears when nothing is scanned any more."
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : alarm.treat_missing_data == "notBreaching"])
    error_message = "An alarm fires because nothing happens."
  }
}
