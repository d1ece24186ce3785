variable "project" {
  description = "Id of the project that the bot belongs to."
  type        = string
}

variable "region" {
  description = "Region of the bot and its state, such as europe-west1."
  type        = string
  default     = "europe-west1"

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region is one of Google's regions, such as \"europe-west1\"."
  }
}

variable "name" {
  description = "Name of the bot; its service, its service account and its secrets are called after it."
  type        = string
  default     = "my-bot"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.name))
    error_message = "name takes 6 to 30 lowercase letters, digits and hyphens, begins with a letter and does not end with a hyphen: a service account is called so."
  }
}

variable "bucket_name" {
  description = "Name of the bucket for the bot's state, unique among all buckets of Google Cloud."
  type        = string
}

variable "prefix" {
  description = "Folder of the bot in the bucket."
  type        = string
  default     = "bot"
}

variable "image" {
  description = "The container to run, such as europe-west1-docker.pkg.dev/PROJECT/bots/my-bot:1, built from examples/cloud_run_bot."
  type        = string
}

variable "telegram_bot_token" {
  description = "The bot's token from @BotFather. It goes into Secret Manager and never into the state or a plan: pass it as TF_VAR_telegram_bot_token."
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
  description = "Seconds after which Cloud Run gives up a request. The bot answers after 25; Telegram sends an update again after 60."
  type        = number
  default     = 50

  validation {
    condition     = var.timeout >= 30 && var.timeout <= 55 && floor(var.timeout) == var.timeout
    error_message = "timeout is a whole number of seconds from 30 (the bot needs up to 25 for its answer) to 55 (Telegram sends again after 60)."
  }
}

variable "concurrency" {
  description = "How many updates one instance handles at once; they share their writes."
  type        = number
  default     = 40

  validation {
    condition     = var.concurrency >= 1 && var.concurrency <= 100 && floor(var.concurrency) == var.concurrency
    error_message = "concurrency is a whole number from 1 to 100: Telegram opens no more connections, and the bot takes no more."
  }
}

variable "max_instances" {
  description = "How many instances there may be. Google takes about one write per second to one object, so many more do not help."
  type        = number
  default     = 5

  validation {
    condition     = var.max_instances >= 1 && var.max_instances <= 100 && floor(var.max_instances) == var.max_instances
    error_message = "max_instances is a whole number from 1 to 100."
  }
}

variable "tick_schedule" {
  description = "When jobs that are due run and conversations time out, as a line of cron in UTC. An empty text turns it off, for a bot without jobs = \"bucket\"."
  type        = string
  nullable    = false
  default     = "* * * * *"

  validation {
    condition     = var.tick_schedule == "" || can(regex("^[0-9*/,-]+( [0-9A-Z*/,-]+){4}$", var.tick_schedule))
    error_message = "tick_schedule has the five fields of a line of cron, such as \"* * * * *\", or is empty."
  }
}

variable "force_destroy" {
  description = "Let terraform destroy delete the bot's state, old versions included. See \"Destroy\"."
  type        = bool
  default     = false
}
