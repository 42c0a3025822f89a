# What these may be is checked by the modules.

variable "region" {
  description = "Region of hub and spoke."
  type        = string
}

variable "name" {
  description = "Name of the scanner, which the names of all that belongs to it begin with."
  type        = string
  default     = "qualys-lambda-scanner"
}

variable "build_folder" {
  description = "Folder with bootstrap.zip and qscanner-layer.zip."
  type        = string
  default     = "../../../build"
}

variable "qualys_pod" {
  description = "Qualys platform of the subscription, such as US2."
  type        = string
}

variable "qualys_secret_arn" {
  description = "ARN of the secret with qualys_pod and qualys_access_token, as make secret prints it."
  type        = string
}

variable "architecture" {
  description = "Processor that package and layer are built for."
  type        = string
  default     = "x86_64"
}

variable "hub_profile" {
  description = "Profile of the AWS CLI for the security account."
  type        = string
}

variable "spoke_profile" {
  description = "Profile of the AWS CLI for the spoke's account."
  type        = string
}

variable "external_id" {
  description = "What the spoke's role asks for; at least 16 characters, such as openssl rand -hex 16 makes them."
  type        = string
}

variable "organization_id" {
  description = "(Optional) Organization whose other accounts may send changes too."
  type        = string
  default     = ""
}
