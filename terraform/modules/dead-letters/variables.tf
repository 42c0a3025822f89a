variable "name" {
  description = "What the names of queue and alarm begin with."
  type        = string
  nullable    = false
}

variable "rule_arns" {
  description = "Rules whose events may come here."
  type        = list(string)
  nullable    = false
}

variable "alarm_actions" {
  description = "Topics that hear of dead letters."
  type        = list(string)
  nullable    = false
}
