variable "name" {
  description = "Name of the bot; the function, its role, its log and its secrets are called after it."
  type        = string
  default     = "my-bot"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,39}$", var.name))
    error_message = "name takes 2 to 40 lowercase letters, digits and hyphens, and begins with a letter, such as \"shop-bot\"."
  }
}

variable "bucket_name" {
  description = "Name of the bucket for the bot's state, unique among all buckets of AWS."
  type        = string
}

variable "prefix" {
  description = "Folder of the bot in the bucket."
  type        = string
  default     = "bot"
}

variable "zip_path" {
  description = "The function's package, as build-zip.sh makes it."
  type        = string

  validation {
    condition     = endswith(var.zip_path, ".zip") && fileexists(var.zip_path)
    error_message = "There is no .zip file at zip_path. Build one first: ./build-zip.sh bot.zip"
  }
}

variable "handler" {
  description = "The entry point that AWS calls: the module in the package and the function in it."
  type        = string
  default     = "handler.handler"
}

variable "runtime" {
  description = "The Python that runs the bot; the package must be built for the same one."
  type        = string
  default     = "python3.12"

  validation {
    condition     = can(regex("^python3\\.1[0-9]$", var.runtime))
    error_message = "runtime is a Python from 3.10 on, such as \"python3.12\"."
  }
}

variable "architecture" {
  description = "The processor that runs the bot, x86_64 or arm64; the package must be built for the same one."
  type        = string
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "architecture is x86_64 or arm64."
  }
}

variable "telegram_bot_token" {
  description = "The bot's token from @BotFather. It goes into Parameter Store and never into the state or a plan: pass it as TF_VAR_telegram_bot_token."
  type        = string
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = can(regex("^[0-9]+:[A-Za-z0-9_-]+$", var.telegram_bot_token))
    error_message = "telegram_bot_token looks like 123456:ABC-DEF, as @BotFather gave it."
  }
}

variable "telegram_webhook_secret" {
  description = "Secret that Telegram sends with each update, so that nobody else can post updates. Stored like the token; pass the same to setWebhook."
  type        = string
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{16,256}$", var.telegram_webhook_secret))
    error_message = "telegram_webhook_secret takes 16 to 256 letters, digits, hyphens and underscores: Telegram takes no others, and fewer could be guessed."
  }
}

variable "secrets_version" {
  description = "Raise this to store token and secret again. Terraform does not keep them, so it cannot see that they changed."
  type        = number
  default     = 1

  validation {
    condition     = var.secrets_version >= 1 && floor(var.secrets_version) == var.secrets_version
    error_message = "secrets_version is a whole number from 1 on."
  }
}

variable "timeout" {
  description = "Seconds for one update, the loading and saving of its state included."
  type        = number
  default     = 25

  validation {
    condition     = var.timeout >= 5 && var.timeout <= 29 && floor(var.timeout) == var.timeout
    error_message = "timeout is a whole number of seconds from 5 to 29: an HTTP API gives up after 30 seconds, and the bot would still be at work while Telegram sends the update again."
  }
}

variable "memory_size" {
  description = "Megabytes of memory. The share of a processor grows with it, so too little makes cold starts slow."
  type        = number
  default     = 512

  validation {
    condition     = var.memory_size >= 256 && var.memory_size <= 10240 && floor(var.memory_size) == var.memory_size
    error_message = "memory_size is a whole number of megabytes from 256 (below, a start takes too long) to 10240."
  }
}

variable "concurrency" {
  description = "How many updates may be handled at once, reserved for this bot. -1 reserves nothing: new accounts have 10 in all and cannot reserve any."
  type        = number
  default     = -1

  validation {
    condition     = (var.concurrency == -1 || var.concurrency >= 1) && floor(var.concurrency) == var.concurrency
    error_message = "concurrency is a whole number from 1 on, or -1 to reserve nothing. 0 would switch the bot off."
  }
}

variable "log_retention_days" {
  description = "Days that the log is kept."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400], var.log_retention_days)
    error_message = "log_retention_days is one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365 and 400: CloudWatch takes no others."
  }
}

variable "tick_schedule" {
  description = "When jobs that are due run and conversations time out, as EventBridge Scheduler writes it. An empty text turns it off, for a bot without jobs = \"bucket\"."
  type        = string
  nullable    = false
  default     = "rate(1 minute)"

  validation {
    condition     = var.tick_schedule == "" || can(regex("^(rate|cron)\\([^()]+\\)$", var.tick_schedule))
    error_message = "tick_schedule is a rate or cron expression, such as \"rate(1 minute)\", or empty."
  }
}

variable "force_destroy" {
  description = "Let terraform destroy delete the bot's state, old versions included. See \"Destroy\"."
  type        = bool
  default     = false
}
