variable "name" {
  description = "Name of the rule."
  type        = string
  nullable    = false
}

variable "description" {
  description = "What the rule says of itself."
  type        = string
  nullable    = false
}

variable "event_bus_name" {
  description = "Bus whose events the rule looks at."
  type        = string
  default     = "default"
  nullable    = false
}

variable "exclude_functions" {
  description = "Names of functions that the rule passes over; * stands for any characters."
  type        = list(string)
  default     = []
  nullable    = false
}
