# Write-only: terraform hands the values over and keeps them neither in the state nor in a plan.

resource "aws_ssm_parameter" "token" {
  name             = "/${var.name}/telegram-bot-token"
  description      = "Token of the bot ${var.name}"
  type             = "SecureString"
  value_wo         = var.telegram_bot_token
  value_wo_version = var.secrets_version
}

resource "aws_ssm_parameter" "webhook_secret" {
  name             = "/${var.name}/telegram-webhook-secret"
  description      = "Secret of the webhook of the bot ${var.name}"
  type             = "SecureString"
  value_wo         = var.telegram_webhook_secret
  value_wo_version = var.secrets_version
}
