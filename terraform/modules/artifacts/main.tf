# Package and layer, where Lambda takes them from: a bucket in the region of the scanner, and a version of the layer.

resource "aws_s3_bucket" "this" {
  bucket_prefix = "${var.name}-code-"
  # Everything in it can be built again.
  force_destroy = true
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# The names change with the content, and so Terraform sees a change exactly when there is one.
resource "aws_s3_object" "this" {
  for_each = { code = var.package, layer = var.layer }

  bucket = aws_s3_bucket.this.id
  key    = "${each.key}/${filesha256(each.value)}.zip"
  source = each.value
}

resource "aws_lambda_layer_version" "qscanner" {
  layer_name               = "${var.name}-qscanner"
  description              = "QScanner, sha256 ${filesha256(var.layer)}"
  s3_bucket                = aws_s3_bucket.this.id
  s3_key                   = aws_s3_object.this["layer"].key
  compatible_runtimes      = ["provided.al2023"]
  compatible_architectures = [var.architecture]
}
