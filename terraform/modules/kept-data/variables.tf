variable "name" {
  description = "What the names of buckets and table begin with; the trail has it as it is."
  type        = string
  nullable    = false
}

variable "stores_results" {
  description = "Whether there is a bucket for results."
  type        = bool
  default     = false
  nullable    = false
}

variable "remembers_scans" {
  description = "Whether there is a table that remembers scans."
  type        = bool
  default     = false
  nullable    = false
}

variable "creates_trail" {
  description = "Whether there is a bucket for a trail."
  type        = bool
  default     = false
  nullable    = false
}
