# The bot on Cloud Run, with its bucket, its service account and its two secrets.

terraform {
  required_version = ">= 1.11.0"
}

module "bot" {
  source = "git::https://github.com/ptb-bucket/ptb-bucket.git//terraform/examples/cloud-run-bot?ref=v0.1.0"

  name        = "my-bot"
  bucket_name = "my-bot-memory-4711"
  prefix      = "bot"
  project     = var.project
  image       = var.image

  telegram_bot_token      = var.telegram_bot_token
  telegram_webhook_secret = var.telegram_webhook_secret
  secrets_version         = var.secrets_version
}

variable "project" {
  description = "The ID of your project on Google Cloud. Pass it as TF_VAR_project."
  type        = string
}

variable "image" {
  description = "The container image to run. Pass it as TF_VAR_image."
  type        = string
}

variable "telegram_bot_token" {
  description = "The bot's token from @BotFather. Pass it as TF_VAR_telegram_bot_token."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "telegram_webhook_secret" {
  description = "The secret that Telegram sends with each update. Pass it as TF_VAR_telegram_webhook_secret, and to setWebhook."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "secrets_version" {
  description = "Raise this to store a new token or secret."
  type        = number
  default     = 1
}

output "webhook_url" {
  description = "The address for Telegram's setWebhook."
  value       = module.bot.webhook_url
}

output "bucket_uri" {
  description = "The URI of the bot's state, for the command line."
  value       = module.bot.bucket_uri
}
