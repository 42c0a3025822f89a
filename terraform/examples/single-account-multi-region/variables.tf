# What these may be is checked by the modules.

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
  description = "ARN of the secret with qualys_pod and qualys_access_token, as make secret prints it. The scanners of all regions read this one."
  type        = string
}

variable "architecture" {
  description = "Processor that package and layer are built for."
  type        = string
  default     = "x86_64"
}
