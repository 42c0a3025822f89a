# A scanner in each of three regions: every function is scanned where it is. Terraform wants the provider of each region
# by its name, so a further region is a further block of each kind.

provider "aws" {
  alias  = "us_east_1"
  region = "us-east-1"
}

provider "aws" {
  alias  = "us_west_2"
  region = "us-west-2"
}

provider "aws" {
  alias  = "eu_west_1"
  region = "eu-west-1"
}

module "us_east_1" {
  source    = "./region"
  providers = { aws = aws.us_east_1 }

  name              = var.name
  build_folder      = var.build_folder
  qualys_pod        = var.qualys_pod
  qualys_secret_arn = var.qualys_secret_arn
  architecture      = var.architecture
}

module "us_west_2" {
  source    = "./region"
  providers = { aws = aws.us_west_2 }

  name              = var.name
  build_folder      = var.build_folder
  qualys_pod        = var.qualys_pod
  qualys_secret_arn = var.qualys_secret_arn
  architecture      = var.architecture
}

module "eu_west_1" {
  source    = "./region"
  providers = { aws = aws.eu_west_1 }

  name              = var.name
  build_folder      = var.build_folder
  qualys_pod        = var.qualys_pod
  qualys_secret_arn = var.qualys_secret_arn
  architecture      = var.architecture
}
