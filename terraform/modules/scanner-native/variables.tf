variable "name" {
  description = "Name of the scanner, which the names of all that belongs to it begin with; what a stack's name is to CloudFormation."
  type        = string
  default     = "qualys-lambda-scanner"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,27}$", var.name))
    error_message = "Must have 1 to 28 characters out of small letters, digits and -, and begin with a letter."
  }
}

variable "qualys_pod" {
  description = "Qualys platform of the subscription, such as US2. The secret names it too, and that is what the scanner reads."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["US1", "US2", "US3", "US4", "GOV1", "EU1", "EU2", "EU3", "IN1", "CA1", "AE1", "UK1", "AU1", "KSA1"], var.qualys_pod)
    error_message = "Must be one of US1 US2 US3 US4 GOV1 EU1 EU2 EU3 IN1 CA1 AE1 UK1 AU1 KSA1."
  }
}

variable "qualys_secret_arn" {
  description = "ARN of the Secrets Manager secret with qualys_pod and qualys_access_token. Its content never comes here."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+$", var.qualys_secret_arn))
    error_message = "Must be the ARN of a Secrets Manager secret."
  }
}

variable "qualys_api_url" {
  description = "(Optional) API server of a private platform, for the jobs, in place of the pod's."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^$|^https://[A-Za-z0-9.-]+(:[0-9]+)?/?$", var.qualys_api_url))
    error_message = "Must be empty or an address such as https://qualysapi.example.com."
  }
}

variable "qualys_gateway_url" {
  description = "(Optional) Gateway of a private platform, in place of the pod's."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^$|^https://[A-Za-z0-9.-]+(:[0-9]+)?/?$", var.qualys_gateway_url))
    error_message = "Must be empty or an address such as https://qualysapi.example.com."
  }
}

variable "code_s3_bucket" {
  description = "Bucket with the scanner's package, in the region of the function."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.code_s3_bucket))
    error_message = "Must be the name of a bucket."
  }
}

variable "code_s3_key" {
  description = "Key of the scanner's package. A new package needs a new key or version, or nobody would notice it."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.code_s3_key) >= 1 && length(var.code_s3_key) <= 1024
    error_message = "Must have 1 to 1024 characters."
  }
}

variable "code_s3_object_version" {
  description = "(Optional) Version of the package, in a bucket with versioning."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = length(var.code_s3_object_version) <= 1024
    error_message = "Must have at most 1024 characters."
  }
}

variable "q_scanner_layer_arn" {
  description = "ARN of a version of the layer with QScanner, in the region of the function."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:layer:[A-Za-z0-9_-]+:[0-9]+$", var.q_scanner_layer_arn))
    error_message = "Must be the ARN of a layer version; it ends in its number."
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

variable "enable_s3_results" {
  description = "Whether results are stored in a bucket."
  type        = bool
  default     = true
  nullable    = false

  validation {
    condition     = var.enable_s3_results || !(var.enable_was_export || var.enable_was_snapshot || var.enable_host_detections)
    error_message = "was-export, was-snapshot and host-detections write to the results bucket - set enable_s3_results to true."
  }
}

variable "enable_sns_notifications" {
  description = "Whether a topic tells of every scan."
  type        = bool
  default     = true
  nullable    = false
}

variable "enable_scan_cache" {
  description = "Whether scans are remembered, so that the same code is scanned once."
  type        = bool
  default     = true
  nullable    = false
}

variable "cache_ttl_days" {
  description = "Days until the same code is scanned again."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.cache_ttl_days >= 1 && var.cache_ttl_days <= 3650 && floor(var.cache_ttl_days) == var.cache_ttl_days
    error_message = "Must be a whole number from 1 to 3650."
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

variable "scan_types" {
  description = "What QScanner looks for, as its --scan-types has it."
  type        = string
  default     = "pkg,secret"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{0,31}(,[a-z0-9][a-z0-9-]{0,31})*$", var.scan_types))
    error_message = "Must be scan types with commas between them, such as pkg,secret."
  }
}

variable "create_cloud_trail" {
  description = "Whether to create a trail. Needed where none logs management events yet, or no change is noticed."
  type        = bool
  default     = false
  nullable    = false
}

variable "scanner_memory_size" {
  description = "Memory of the function in MB."
  type        = number
  default     = 2048
  nullable    = false

  validation {
    condition     = var.scanner_memory_size >= 512 && var.scanner_memory_size <= 10240 && floor(var.scanner_memory_size) == var.scanner_memory_size
    error_message = "Must be a whole number from 512 to 10240."
  }
}

variable "scanner_timeout" {
  description = "Seconds after which Lambda ends the function."
  type        = number
  default     = 900
  nullable    = false

  validation {
    condition     = var.scanner_timeout >= 60 && var.scanner_timeout <= 900 && floor(var.scanner_timeout) == var.scanner_timeout
    error_message = "Must be a whole number from 60 to 900."
  }
}

variable "scan_timeout" {
  description = "Seconds for one run of QScanner; less when the function's own end is nearer."
  type        = number
  default     = 300
  nullable    = false

  validation {
    condition     = var.scan_timeout >= 30 && var.scan_timeout <= 900 && floor(var.scan_timeout) == var.scan_timeout
    error_message = "Must be a whole number from 30 to 900."
  }
}

variable "ephemeral_storage_mb" {
  description = "Size of /tmp in MB."
  type        = number
  default     = 2048
  nullable    = false

  validation {
    condition     = var.ephemeral_storage_mb >= 512 && var.ephemeral_storage_mb <= 10240 && floor(var.ephemeral_storage_mb) == var.ephemeral_storage_mb
    error_message = "Must be a whole number from 512 to 10240."
  }
}

variable "reserved_concurrency" {
  description = "How many scans may run at the same time; -1 sets no limit."
  type        = number
  default     = -1
  nullable    = false

  validation {
    condition     = can(regex("^(-1|[1-9][0-9]{0,2}|1000)$", var.reserved_concurrency))
    error_message = "Must be -1 or a whole number from 1 to 1000."
  }
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

variable "log_level" {
  description = "How much the function logs."
  type        = string
  default     = "info"
  nullable    = false

  validation {
    condition     = contains(["trace", "debug", "info", "notice", "warning", "error", "critical"], var.log_level)
    error_message = "Must be one of trace debug info notice warning error critical."
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

variable "max_workers" {
  description = "Calls and downloads of a job at the same time; fewer where Qualys allows fewer."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.max_workers >= 1 && var.max_workers <= 64 && floor(var.max_workers) == var.max_workers
    error_message = "Must be a whole number from 1 to 64."
  }
}

variable "enable_was_export" {
  description = "Whether the job was-export is started on its schedule."
  type        = bool
  default     = false
  nullable    = false
}

variable "was_export_schedule" {
  description = "When WAS scans are exported, as a rate(...) or cron(...) of EventBridge."
  type        = string
  default     = "rate(1 day)"
  nullable    = false

  validation {
    condition     = can(regex("^(rate\\((1 (minute|hour|day)|([2-9]|[1-9][0-9]+) (minutes|hours|days))\\)|cron\\(([^ ()?]+ ){2}([^ ()?]+ [^ ()?]+ \\?|\\? [^ ()?]+ [^ ()?]+) [^ ()?]+\\))$", var.was_export_schedule))
    error_message = "Must be rate(...) or cron(...) as EventBridge has them, such as rate(6 hours) or cron(0 3 * * ? *)."
  }
}

variable "enable_was_snapshot" {
  description = "Whether the job was-snapshot is started on its schedule."
  type        = bool
  default     = false
  nullable    = false
}

variable "was_snapshot_schedule" {
  description = "When a WAS snapshot is made, as a rate(...) or cron(...) of EventBridge."
  type        = string
  default     = "rate(1 day)"
  nullable    = false

  validation {
    condition     = can(regex("^(rate\\((1 (minute|hour|day)|([2-9]|[1-9][0-9]+) (minutes|hours|days))\\)|cron\\(([^ ()?]+ ){2}([^ ()?]+ [^ ()?]+ \\?|\\? [^ ()?]+ [^ ()?]+) [^ ()?]+\\))$", var.was_snapshot_schedule))
    error_message = "Must be rate(...) or cron(...) as EventBridge has them, such as rate(6 hours) or cron(0 3 * * ? *)."
  }
}

variable "enable_host_detections" {
  description = "Whether the job host-detections is started on its schedule."
  type        = bool
  default     = false
  nullable    = false
}

variable "host_detections_schedule" {
  description = "When host detections are exported, as a rate(...) or cron(...) of EventBridge."
  type        = string
  default     = "rate(1 day)"
  nullable    = false

  validation {
    condition     = can(regex("^(rate\\((1 (minute|hour|day)|([2-9]|[1-9][0-9]+) (minutes|hours|days))\\)|cron\\(([^ ()?]+ ){2}([^ ()?]+ [^ ()?]+ \\?|\\? [^ ()?]+ [^ ()?]+) [^ ()?]+\\))$", var.host_detections_schedule))
    error_message = "Must be rate(...) or cron(...) as EventBridge has them, such as rate(6 hours) or cron(0 3 * * ? *)."
  }
}

variable "enable_car_import" {
  description = "Whether the job car-import is started on its schedule."
  type        = bool
  default     = false
  nullable    = false
}

variable "car_import_schedule" {
  description = "When CAR is brought up to date, as a rate(...) or cron(...) of EventBridge."
  type        = string
  default     = "rate(4 hours)"
  nullable    = false

  validation {
    condition     = can(regex("^(rate\\((1 (minute|hour|day)|([2-9]|[1-9][0-9]+) (minutes|hours|days))\\)|cron\\(([^ ()?]+ ){2}([^ ()?]+ [^ ()?]+ \\?|\\? [^ ()?]+ [^ ()?]+) [^ ()?]+\\))$", var.car_import_schedule))
    error_message = "Must be rate(...) or cron(...) as EventBridge has them, such as rate(6 hours) or cron(0 3 * * ? *)."
  }
}
