variable "stage" {
  description = "Stage that every name carries (aisle-<stage>-…), e.g. local, test, prod."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,11}$", var.stage))
    error_message = "A stage is 2 to 12 lower-case letters and digits and begins with a letter."
  }
}

variable "region" {
  description = "AWS region of everything."
  type        = string
  default     = "eu-west-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "This is not the name of a region, e.g. eu-west-1."
  }
}

variable "allowed_account_ids" {
  description = "Accounts this stage may be applied to; null allows any. A guard against the wrong profile."
  type        = set(string)
  default     = null

  validation {
    condition     = var.allowed_account_ids == null ? true : alltrue([for id in var.allowed_account_ids : can(regex("^[0-9]{12}$", id))])
    error_message = "An account id has twelve digits."
  }
}

variable "local_cloud" {
  description = "The endpoint is a local cloud: path-style buckets, no check of the credentials."
  type        = bool
  default     = false
}

variable "deletion_protection" {
  description = "Refuse to delete the table, the user pool, and buckets that hold anything."
  type        = bool
  default     = true
}

variable "tracing" {
  description = "Trace functions and state machines with X-Ray. Local clouds have no X-Ray."
  type        = bool
  default     = true
}

variable "log_level" {
  description = "Least level that the functions log."
  type        = string
  default     = "INFO"

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR"], var.log_level)
    error_message = "One of DEBUG, INFO, WARNING, ERROR."
  }
}

variable "log_retention_days" {
  description = "Days that logs are kept. CloudWatch Logs accepts only certain numbers."
  type        = number
  default     = 365

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653], var.log_retention_days)
    error_message = "CloudWatch Logs accepts 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827 or 3653 days."
  }
}

variable "archive_retention_days" {
  description = "Days that the bus archive keeps events for a replay."
  type        = number
  default     = 90

  validation {
    condition     = var.archive_retention_days >= 1 && var.archive_retention_days <= 3650 && floor(var.archive_retention_days) == var.archive_retention_days
    error_message = "A whole number of days from 1 to 3650; an archive that keeps for ever is not offered."
  }
}

variable "key_deletion_window_days" {
  description = "Days between asking for a key's deletion and losing what it encrypted."
  type        = number
  default     = 30

  validation {
    condition     = var.key_deletion_window_days >= 7 && var.key_deletion_window_days <= 30
    error_message = "KMS accepts 7 to 30 days."
  }
}

variable "memory_mb" {
  description = "Memory of the API function and of all others, in megabytes. CPU grows with it."
  type = object({
    api    = optional(number, 512)
    others = optional(number, 256)
  })
  default = {}

  validation {
    condition     = alltrue([for mb in values(var.memory_mb) : mb >= 128 && mb <= 10240])
    error_message = "Lambda accepts 128 to 10240 megabytes."
  }
}

variable "payment_gateway" {
  description = "Payment gateway of new orders' cards: `sandbox` answers by the token and moves no money; `stripe` needs its secrets (secrets.tf)."
  type        = string
  default     = "sandbox"

  validation {
    condition     = contains(["sandbox", "stripe"], var.payment_gateway)
    error_message = "One of sandbox, stripe."
  }
}

variable "payment_look_ups" {
  description = "How often place-order asks after a payment whose outcome is unknown, 15 seconds apart, before it voids it."
  type        = number
  default     = 8

  validation {
    condition     = var.payment_look_ups >= 1 && var.payment_look_ups <= 100
    error_message = "From 1 to 100 look-ups."
  }
}

variable "cabinet_answer_seconds" {
  description = "Seconds in which a locker cabinet has to say what it did; then the command is sent once more, and after as long again staff is called."
  type        = number
  default     = 15

  validation {
    condition     = var.cabinet_answer_seconds >= 2 && var.cabinet_answer_seconds <= 900
    error_message = "From 2 seconds to 15 minutes: a message of SQS is delayed no longer."
  }
}

variable "door_open_seconds" {
  description = "Seconds after which the open door of a locker rings an alarm."
  type        = number
  default     = 120

  validation {
    condition     = var.door_open_seconds >= 2 && var.door_open_seconds <= 900
    error_message = "From 2 seconds to 15 minutes: a message of SQS is delayed no longer."
  }
}

variable "fulfilment_timeout_days" {
  description = "Days that an order waits for the warehouse to ship a fulfilment before it is parked for a person."
  type        = number
  default     = 14

  validation {
    condition     = var.fulfilment_timeout_days >= 1 && var.fulfilment_timeout_days <= 300
    error_message = "From 1 to 300 days: an execution lives a year at most."
  }
}

variable "sender_address" {
  description = "Address that customers get mail from; its domain becomes an identity of SES in this account. Null sends no mail."
  type        = string
  default     = null

  validation {
    condition     = var.sender_address == null ? true : can(regex("^[a-z0-9._+-]{1,64}@([a-z0-9-]+\\.)+[a-z]{2,}$", var.sender_address))
    error_message = "A mail address in lower case, without a name."
  }
}

variable "public_url" {
  description = "URL under which customers reach this API, e.g. of its custom domain; mail programs unsubscribe there. Null has them write to the sender."
  type        = string
  default     = null

  validation {
    condition     = var.public_url == null ? true : can(regex("^https://[a-z0-9.-]+(/[A-Za-z0-9._/-]*)?$", var.public_url))
    error_message = "A URL that begins with https://."
  }
}

variable "push_application_arn" {
  description = "ARN of the SNS platform application (Firebase reaches Android and iOS) that messages are pushed through. Null pushes to no device."
  type        = string
  default     = null

  validation {
    condition     = var.push_application_arn == null ? true : can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:app/[A-Z_]+/[A-Za-z0-9_.-]+$", var.push_application_arn))
    error_message = "The ARN of one platform application."
  }
}

variable "warehouse_principals" {
  description = "IAM principals of the warehouse system: they read fulfilment-shipment-requests and write fulfilment-warehouse-answers."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.warehouse_principals : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[^*]+$", arn))])
    error_message = "Each principal is the ARN of one IAM role or user; no wildcards, no whole account."
  }
}

variable "reviewer_principals" {
  description = "IAM principals of back-office tools: they read reviews-manual, which says that there are cases to review."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.reviewer_principals : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[^*]+$", arn))])
    error_message = "Each principal is the ARN of one IAM role or user; no wildcards, no whole account."
  }
}

variable "order_ready_publishers" {
  description = "IAM principals of systems beside this one, also of other accounts, that may put OrderReadyForPickup on the bus, under a source that does not begin with aisle."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.order_ready_publishers : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[^*]+$", arn))])
    error_message = "Each principal is the ARN of one IAM role or user; no wildcards, no whole account."
  }
}

variable "portal_origins" {
  description = "Origins of web pages, e.g. of a supplier portal, that post suppliers' documents and files, and read what became of these."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for origin in var.portal_origins : can(regex("^https://[a-z0-9.-]+(:[0-9]{1,5})?$", origin))])
    error_message = "Each entry is an origin that begins with https://, without a path."
  }
}

variable "feeds_vanishing_percent" {
  description = "Per cent of a supplier's listings that a file which replaces may leave out before somebody has to confirm it."
  type        = number
  default     = 20

  validation {
    condition     = var.feeds_vanishing_percent >= 1 && var.feeds_vanishing_percent <= 100 && floor(var.feeds_vanishing_percent) == var.feeds_vanishing_percent
    error_message = "A whole number from 1 to 100."
  }
}

variable "user_pool_domain_prefix" {
  description = "Prefix of the user pool's domain, unique in the region; the token endpoint for machine clients lives there. Null takes aisle-<stage>-<account id>."
  type        = string
  default     = null

  validation {
    condition     = var.user_pool_domain_prefix == null ? true : can(regex("^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$", var.user_pool_domain_prefix)) && !can(regex("aws|amazon|cognito", var.user_pool_domain_prefix))
    error_message = "Lower-case letters, digits and inner hyphens, 63 at most, without aws, amazon or cognito."
  }
}

variable "alarm_emails" {
  description = "Addresses subscribed to the topic operations-alarms; each has to confirm by mail."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.alarm_emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", address))])
    error_message = "Each entry is a mail address."
  }
}

variable "api_latency_p95_ms" {
  description = "Milliseconds of p95 latency at the API above which the alarm rings."
  type        = number
  default     = 1500

  validation {
    condition     = var.api_latency_p95_ms > 0 && var.api_latency_p95_ms < 29000
    error_message = "Above 0 and below the gateway's limit of 29000 milliseconds."
  }
}
