variable "bucket_name" {
  description = "Name of the bucket, unique among all buckets of AWS. Use the bucket for this bot only."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket_name))
    error_message = "bucket_name takes 3 to 63 lowercase letters, digits and hyphens, and begins and ends with a letter or digit, such as \"my-bot-memory\". (AWS also allows dots, but a name with dots does not work over TLS.)"
  }

  validation {
    condition     = !can(regex("^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|--x-s3|--table-s3)$", var.bucket_name))
    error_message = "bucket_name begins or ends with what AWS reserves for itself (xn--, sthree-, amzn-s3-demo-, -s3alias, --ol-s3, --x-s3, --table-s3). Choose another one."
  }
}

variable "create_bucket" {
  description = "Create the bucket. With false, bucket_name names an existing one in the provider's region, and the module makes only the bot's policy. See \"An existing bucket\"."
  type        = bool
  default     = true
}

variable "prefix" {
  description = "Folder of the bot in the bucket. The bot has access only to objects below it."
  type        = string
  default     = "bot"

  validation {
    condition     = !can(regex("[*?$]", var.prefix))
    error_message = "prefix contains *, ? or $, which are wildcards or variables in a policy: the bot would be let into other folders. Use letters, digits, dots, hyphens and underscores, such as \"bots/shop\"."
  }

  validation {
    condition     = !startswith(var.prefix, "/") && !endswith(var.prefix, "/")
    error_message = "prefix begins or ends with a slash. Leave outer slashes out: \"bots/shop\", not \"/bots/shop/\"."
  }

  validation {
    condition     = can(regex("^[A-Za-z0-9._*?$/-]{1,200}$", var.prefix)) && alltrue([for part in split("/", trim(var.prefix, "/")) : !contains(["", ".", ".."], part)])
    error_message = "prefix takes 1 to 200 letters, digits, dots, hyphens, underscores and single slashes between names, such as \"bot\" or \"bots/shop\"; no name is \".\" or \"..\"."
  }
}

variable "operations" {
  description = "What the bot may do: get, put and list, which every bot needs; delete (tools, and bots that keep jobs in layout per-record); versions (reading old versions)."
  type        = set(string)
  default     = ["get", "put", "list", "delete"]

  validation {
    condition     = length(setsubtract(var.operations, ["get", "put", "list", "delete", "versions"])) == 0
    error_message = "operations are get, put, list, delete and versions, nothing else."
  }

  validation {
    condition     = length(setsubtract(["get", "put", "list"], var.operations)) == 0
    error_message = "operations lacks get, put or list. A bot needs all three: without list, S3 answers 403 for an object that does not exist, and the first start fails."
  }
}

variable "require_conditional_writes" {
  description = "Refuse every write below the prefix that names no condition (If-Match or If-None-Match), so that no tool overwrites the bot's state by mistake. ptb-bucket's own writes all have one. Copies and multipart uploads into the prefix are refused, too."
  type        = bool
  default     = true
}

variable "extra_policy_statements" {
  description = "Further statements for the bot's policy, as in a policy's JSON: [{ Sid, Effect, Action, Resource, ... }, ...]. eraser_policy_json does not get them."
  type        = any
  default     = []

  validation {
    condition     = can([for each in var.extra_policy_statements : [each.Effect, each.Action, each.Resource]]) && alltrue([for each in try(tolist([for one in var.extra_policy_statements : one.Effect]), [""]) : contains(["Allow", "Deny"], each)])
    error_message = "extra_policy_statements is a list of statements, each with Effect (\"Allow\" or \"Deny\"), Action and Resource."
  }
}

variable "extra_bucket_policy_statements" {
  description = "Further statements for the bucket's policy, as in a policy's JSON. A bucket has only one policy, so you cannot attach a second one beside the module's."
  type        = any
  default     = []

  validation {
    condition     = can([for each in var.extra_bucket_policy_statements : [each.Effect, each.Principal, each.Action, each.Resource]]) && alltrue([for each in try(tolist([for one in var.extra_bucket_policy_statements : one.Effect]), [""]) : contains(["Allow", "Deny"], each)])
    error_message = "extra_bucket_policy_statements is a list of statements, each with Effect (\"Allow\" or \"Deny\"), Principal, Action and Resource."
  }
}

variable "kms_key_arn" {
  description = "ARN of the KMS key that encrypts the objects. Without it S3 encrypts with its own keys (SSE-S3)."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key_arn))
    error_message = "kms_key_arn is the ARN of a key, such as \"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab\". An alias cannot stand in a policy."
  }
}

variable "noncurrent_version_days" {
  description = "Days until an old version of an object is deleted. Every save leaves one, so keep this short."
  type        = number
  default     = 7

  validation {
    condition     = var.noncurrent_version_days >= 1 && var.noncurrent_version_days <= 3650 && floor(var.noncurrent_version_days) == var.noncurrent_version_days
    error_message = "noncurrent_version_days is a whole number of days from 1 to 3650. S3 cannot delete old versions sooner than after one day."
  }
}

variable "newer_noncurrent_versions" {
  description = "How many of the newest old versions are kept however old they are. Null keeps none beyond noncurrent_version_days."
  type        = number
  default     = null

  validation {
    condition     = var.newer_noncurrent_versions == null || try(var.newer_noncurrent_versions >= 1 && var.newer_noncurrent_versions <= 100 && floor(var.newer_noncurrent_versions) == var.newer_noncurrent_versions, false)
    error_message = "newer_noncurrent_versions is a whole number from 1 to 100, or null. S3 counts no further."
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

variable "force_destroy" {
  description = "Let terraform destroy delete the bucket with everything in it, old versions included. See \"Destroy\"."
  type        = bool
  default     = false
}

variable "uri_options" {
  description = "Options to add to bucket_uri, such as { layout = \"per-type\" }. The region is always in it."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.uri_options) : can(regex("^[a-z][a-z_]*$", name)) && name != "region"])
    error_message = "uri_options are named as in the documentation of ptb-bucket and its S3 provider (layout, codec, timeout, ...). The region is the provider's and needs no option."
  }
}

variable "tags" {
  description = "Tags for the bucket and the policy."
  type        = map(string)
  default     = {}
}
