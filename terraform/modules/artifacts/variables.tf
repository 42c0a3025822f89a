variable "name" {
  description = "What the names of bucket and layer begin with."
  type        = string
  default     = "qualys-lambda-scanner"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,27}$", var.name))
    error_message = "Must have 1 to 28 characters out of small letters, digits and -, and begin with a letter."
  }
}

variable "package" {
  description = "Path of bootstrap.zip, made by make package."
  type        = string
  nullable    = false

  validation {
    condition     = fileexists(var.package)
    error_message = "There is no such file: make package."
  }
}

variable "layer" {
  description = "Path of qscanner-layer.zip, made by make layer."
  type        = string
  nullable    = false

  validation {
    condition     = fileexists(var.layer)
    error_message = "There is no such file: make layer."
  }
}

variable "architecture" {
  description = "Processor that package and layer are built for."
  type        = string
  default     = "x86_64"
  nullable    = false

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "Must be x86_64 or arm64."
  }
}
