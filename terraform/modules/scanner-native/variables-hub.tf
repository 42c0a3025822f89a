# A scanner becomes a hub when it is told whose changes to take.

variable "organization_id" {
  description = "(Optional) Organization whose accounts may send changes. Without it name accounts."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^$|^o-[a-z0-9]{10,32}$", var.organization_id))
    error_message = "Must be empty or the id of an organization, such as o-a1b2c3d4e5."
  }
}

variable "spoke_account_ids" {
  description = "(Optional) Accounts that may send changes, besides those of the organization."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for item in var.spoke_account_ids : can(regex("^[0-9]{12}$", item))])
    error_message = "Each must be an account of twelve digits, with no space around it."
  }
}

variable "external_id" {
  description = "(Optional) What the spokes' roles ask for, the same in the hub and in the spokes. It is no secret, but keep it to yourself."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^$|^[A-Za-z0-9_+=,.@:/-]{16,}$", var.external_id)) && length(var.external_id) <= 1224
    error_message = "Must have 16 to 1224 characters out of letters, digits and _+=,.@:/-."
  }

  validation {
    condition     = (var.external_id != "") == (var.organization_id != "" || length(var.spoke_account_ids) > 0)
    error_message = "A hub needs spokes and an external id - give external_id with organization_id, spoke_account_ids or both."
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
