# One scanner in a security account, the hub, and a spoke in another account. A further spoke is a further provider and a
# further module "spoke". For many accounts roll the spokes out by a StackSet: cloudformation/centralized-spoke.yaml takes
# this hub's outputs as its parameters.

provider "aws" {
  alias   = "hub"
  region  = var.region
  profile = var.hub_profile
}

provider "aws" {
  alias   = "spoke"
  region  = var.region
  profile = var.spoke_profile
}

data "aws_caller_identity" "spoke" {
  provider = aws.spoke
}

module "artifacts" {
  source    = "../../modules/artifacts"
  providers = { aws = aws.hub }

  name         = var.name
  package      = "${var.build_folder}/bootstrap.zip"
  layer        = "${var.build_folder}/qscanner-layer.zip"
  architecture = var.architecture
}

module "hub" {
  source    = "../../modules/scanner-native"
  providers = { aws = aws.hub }

  name                = var.name
  qualys_pod          = var.qualys_pod
  qualys_secret_arn   = var.qualys_secret_arn
  code_s3_bucket      = module.artifacts.code_s3_bucket
  code_s3_key         = module.artifacts.code_s3_key
  q_scanner_layer_arn = module.artifacts.q_scanner_layer_arn
  architecture        = var.architecture
  organization_id     = var.organization_id
  spoke_account_ids   = [data.aws_caller_identity.spoke.account_id]
  external_id         = var.external_id
}

module "spoke" {
  source    = "../../modules/scanner-spoke"
  providers = { aws = aws.spoke }

  hub_event_bus_arn    = module.hub.event_bus_arn
  hub_scanner_role_arn = module.hub.role_arn
  external_id          = var.external_id
}
