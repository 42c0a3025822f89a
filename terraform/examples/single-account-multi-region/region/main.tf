# One region: package and layer have to be where the function is.

module "artifacts" {
  source = "../../../modules/artifacts"

  name         = var.name
  package      = "${var.build_folder}/bootstrap.zip"
  layer        = "${var.build_folder}/qscanner-layer.zip"
  architecture = var.architecture
}

module "scanner" {
  source = "../../../modules/scanner-native"

  name                = var.name
  qualys_pod          = var.qualys_pod
  qualys_secret_arn   = var.qualys_secret_arn
  code_s3_bucket      = module.artifacts.code_s3_bucket
  code_s3_key         = module.artifacts.code_s3_key
  q_scanner_layer_arn = module.artifacts.q_scanner_layer_arn
  architecture        = var.architecture
}
