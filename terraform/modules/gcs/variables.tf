variable "bucket_name" {
  description = "Name of the bucket, unique among all buckets of Google Cloud. Use the bucket for this bot only."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]$", var.bucket_name))
    error_message = "bucket_name takes 3 to 63 lowercase letters, digits, hyphens and underscores, and begins and ends with a letter or digit, such as \"my-bot-memory\". (Names with dots are domains, which have to be verified first.)"
  }

  validation {
    condition     = !startswith(var.bucket_name, "goog") && !can(regex("google", var.bucket_name))
    error_message = "bucket_name begins with \"goog\" or contains \"google\", which Google keeps for itself. Choose another one."
  }
}

variable "create_bucket" {
  description = "Create the bucket. With false, bucket_name names an existing one, and the module grants only the bot's role. See \"An existing bucket\"."
  type        = bool
  default     = true
}

variable "prefix" {
  description = "Folder of the bot in the bucket. It keeps things in order; the bot's permission is for the whole bucket."
  type        = string
  default     = "bot"

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$", var.prefix)) && length(var.prefix) <= 200
    error_message = "prefix takes 1 to 200 letters, digits, dots, hyphens, underscores and single slashes between names, without outer slashes and wildcards: \"bots/shop\", not \"/bots/shop/\" or \"bots*\"."
  }

  validation {
    condition     = alltrue([for part in split("/", var.prefix) : !contains([".", "..", ".well-known"], part)])
    error_message = "No name in prefix is \".\", \"..\" or \".well-known\": Google reserves them."
  }
}

variable "location" {
  description = "Location of the bucket: the region in which the bot runs, such as europe-west1. Needed to create it."
  type        = string
  default     = null

  validation {
    condition     = var.location == null || can(regex("^[A-Za-z]+[A-Za-z0-9-]*$", var.location))
    error_message = "location is a region such as \"europe-west1\", or a multi-region such as \"EU\"."
  }
}

variable "service_accounts" {
  description = "Service accounts that may read and write everything in the bucket: a name of your choice => the account's e-mail. A map, because terraform must know the names before the accounts exist."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for email in values(var.service_accounts) : !can(regex(":", email))])
    error_message = "service_accounts are e-mails alone, such as { bot = \"bot@my-project.iam.gserviceaccount.com\" }, without \"serviceAccount:\"."
  }
}

variable "noncurrent_version_days" {
  description = "Days until an old version of an object is deleted. Every save leaves one, so keep this short."
  type        = number
  default     = 7

  validation {
    condition     = var.noncurrent_version_days >= 1 && var.noncurrent_version_days <= 3650 && floor(var.noncurrent_version_days) == var.noncurrent_version_days
    error_message = "noncurrent_version_days is a whole number of days from 1 to 3650."
  }
}

variable "unfinished_upload_days" {
  description = "Days until parts of uploads that nobody finished are deleted."
  type        = number
  default     = 2

  validation {
    condition     = var.unfinished_upload_days >= 1 && var.unfinished_upload_days <= 365 && floor(var.unfinished_upload_days) == var.unfinished_upload_days
    error_message = "unfinished_upload_days is a whole number of days from 1 to 365."
  }
}

variable "soft_delete_days" {
  description = "Days in which Google can bring back what was deleted for good, old versions included: 0 switches it off, otherwise 7 to 90. It is billed, and a bot that saves often leaves much."
  type        = number
  default     = 0

  validation {
    condition     = (var.soft_delete_days == 0 || (var.soft_delete_days >= 7 && var.soft_delete_days <= 90)) && floor(var.soft_delete_days) == var.soft_delete_days
    error_message = "soft_delete_days is 0 (off) or a whole number of days from 7 to 90: Google keeps nothing shorter or longer."
  }
}

variable "kms_key_name" {
  description = "Cloud KMS key for new objects: projects/P/locations/L/keyRings/R/cryptoKeys/K. Without it Google encrypts with its own keys."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_name == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key_name))
    error_message = "kms_key_name looks like \"projects/my-project/locations/europe-west1/keyRings/bots/cryptoKeys/memory\"."
  }
}

variable "force_destroy" {
  description = "Let terraform destroy delete the bucket with everything in it, old versions included. See \"Destroy\"."
  type        = bool
  default     = false
}

variable "labels" {
  description = "Labels for the bucket."
  type        = map(string)
  default     = {}
}
