variable "name" {
  description = "Name of the spoke, which the names of all that belongs to it begin with; what a stack's name is to CloudFormation."
  type        = string
  default     = "qualys-lambda-spoke"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,27}$", var.name))
    error_message = "Must have 1 to 28 characters out of small letters, digits and -, and begin with a letter."
  }
}

variable "hub_event_bus_arn" {
  description = "EventBusArn of the hub's stack."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:events:[a-z0-9-]+:[0-9]{12}:event-bus/[A-Za-z0-9._/-]+$", var.hub_event_bus_arn))
    error_message = "Must be the ARN of an event bus."
  }
}

variable "hub_scanner_role_arn" {
  description = "RoleArn of the hub's stack."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$", var.hub_scanner_role_arn))
    error_message = "Must be the ARN of an IAM role."
  }
}

variable "external_id" {
  description = "What the spokes' roles ask for, the same in the hub and in the spokes. It is no secret, but keep it to yourself."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_+=,.@:/-]{16,}$", var.external_id)) && length(var.external_id) <= 1224
    error_message = "Must have 16 to 1224 characters out of letters, digits and _+=,.@:/-."
  }
}

variable "spoke_role_name" {
  description = "Name of the role in each spoke that the hub takes, the same in the hub and in the spokes."
  type        = string
  default     = "qualys-lambda-scanner-spoke"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_+=,.@-]{1,64}$", var.spoke_role_name))
    error_message = "Must be the name of an IAM role."
  }
}

variable "role_region" {
  description = "(Optional) With stacks in several regions of an account, the one whose stack makes the role. Roles know no region."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^$|^[a-z]{2}(-[a-z]+)+-[0-9]+$", var.role_region))
    error_message = "Must be empty or the name of a region, such as us-east-1."
  }
}

variable "enable_tagging" {
  description = "Whether scanned functions are tagged."
  type        = bool
  default     = true
  nullable    = false
}

variable "exclude_functions" {
  description = "(Optional) Names of functions that are not scanned; * stands for any characters."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for item in var.exclude_functions : can(regex("^[A-Za-z0-9_*-]{1,64}$", item)) && !strcontains(item, "**")])
    error_message = "Each must be the name of a function, at most with * in it but not **, and no space around it."
  }

  # Of the pattern all else is less than 350 characters.
  validation {
    condition     = sum(concat([0], [for item in var.exclude_functions : 3 * length(item) + 33])) <= 1700
    error_message = "EventBridge takes no more than 2048 characters, and each name stands there three times."
  }
}

variable "create_cloud_trail" {
  description = "Whether to create a trail. Needed where none logs management events yet, or no change is noticed."
  type        = bool
  default     = false
  nullable    = false
}

variable "alarm_email" {
  description = "(Optional) Address that alarms are sent to. AWS asks it for confirmation first."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^$|^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", var.alarm_email))
    error_message = "Must be empty or an e-mail address."
  }
}

variable "permissions_boundary_arn" {
  description = "(Optional) ARN of a policy that bounds every role made here."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^$|^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9+=,.@_/-]+$", var.permissions_boundary_arn))
    error_message = "Must be empty or the ARN of an IAM policy."
  }
}
