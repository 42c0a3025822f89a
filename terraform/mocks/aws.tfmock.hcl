# What the modules' tests see in place of AWS: an account in another partition than the usual one.

mock_data "aws_caller_identity" {
  defaults = { account_id = "012345678912" }
}
mock_data "aws_partition" {
  defaults = { partition = "aws-us-gov", dns_suffix = "amazonaws.com" }
}
mock_data "aws_region" {
  defaults = { name = "us-gov-west-1" }
}
mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws-us-gov:iam::012345678912:role/scanner" }
}
mock_resource "aws_lambda_function" {
  defaults = { arn = "arn:aws-us-gov:lambda:us-gov-west-1:012345678912:function:scanner" }
}
mock_resource "aws_sqs_queue" {
  defaults = { arn = "arn:aws-us-gov:sqs:us-gov-west-1:012345678912:dead-letters" }
}
mock_resource "aws_cloudwatch_event_rule" {
  defaults = { arn = "arn:aws-us-gov:events:us-gov-west-1:012345678912:rule/rule" }
}
mock_resource "aws_sns_topic" {
  defaults = { arn = "arn:aws-us-gov:sns:us-gov-west-1:012345678912:topic" }
}
mock_resource "aws_kms_key" {
  defaults = { arn = "arn:aws-us-gov:kms:us-gov-west-1:012345678912:key/one" }
}
mock_resource "aws_cloudwatch_event_bus" {
  defaults = { arn = "arn:aws-us-gov:events:us-gov-west-1:012345678912:event-bus/spokes" }
}
mock_resource "aws_cloudwatch_log_group" {
  defaults = { arn = "arn:aws-us-gov:logs:us-gov-west-1:012345678912:log-group:/aws/lambda/scanner" }
}
