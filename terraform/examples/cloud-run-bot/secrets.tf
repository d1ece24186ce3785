# Write-only: terraform hands the values over and keeps them neither in the state nor in a plan.

locals {
  secrets = {
    token          = { id = "${var.name}-telegram-bot-token", variable = "TELEGRAM_BOT_TOKEN" }
    webhook_secret = { id = "${var.name}-telegram-webhook-secret", variable = "TELEGRAM_WEBHOOK_SECRET" }
  }
}

resource "google_secret_manager_secret" "this" {
  for_each = local.secrets

  secret_id = each.value.id

  replication {
    auto {}
  }
}

resource "google_secret_manager_secret_version" "this" {
  for_each = local.secrets

  secret                 = google_secret_manager_secret.this[each.key].id
  secret_data_wo         = each.key == "token" ? var.telegram_bot_token : var.telegram_webhook_secret
  secret_data_wo_version = var.secrets_version
}

resource "google_secret_manager_secret_iam_member" "bot" {
  for_each = local.secrets

  secret_id = google_secret_manager_secret.this[each.key].id
  role      = "roles/secretmanager.secretAccessor"
  member    = "serviceAccount:${google_service_account.bot.email}"
}
