output "webhook_url" {
  description = "The address for Telegram's setWebhook."
  value       = "${google_cloud_run_v2_service.bot.uri}/telegram"
}

output "bucket_uri" {
  description = "URI of the bot's state, for the bot and for the command line tool on your machine."
  value       = module.memory.bucket_uri
}

output "service_account" {
  description = "E-mail of the service account that the bot runs as."
  value       = google_service_account.bot.email
}
