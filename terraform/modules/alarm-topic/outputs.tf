output "actions" {
  description = "What an alarm has to do to be heard: the topic's ARN, or nothing"
  value       = aws_sns_topic.this[*].arn
}
