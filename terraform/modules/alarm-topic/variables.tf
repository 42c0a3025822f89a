variable "name" {
  description = "What the name of the topic begins with."
  type        = string
  nullable    = false
}

variable "email" {
  description = "Address that alarms are sent to; with none there is no topic."
  type        = string
  nullable    = false
}
