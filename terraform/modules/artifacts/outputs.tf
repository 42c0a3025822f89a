output "code_s3_bucket" {
  description = "Bucket of the package"
  value       = aws_s3_bucket.this.id
}

output "code_s3_key" {
  description = "Key of the package"
  value       = aws_s3_object.this["code"].key
}

output "q_scanner_layer_arn" {
  description = "ARN of the layer's version"
  value       = aws_lambda_layer_version.qscanner.arn
}
