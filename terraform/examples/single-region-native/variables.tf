# What these may be is checked by the modules.

variable "region" {
  description = "Region of the scanner."
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

variable "scanner_memory_size" {
  description = "Memory of the function in MB."
  type        = number
  default     = 2048
}

variable "alarm_email" {
  description = "(Optional) Address that alarms are sent to."
  type        = string
  default     = ""
}
