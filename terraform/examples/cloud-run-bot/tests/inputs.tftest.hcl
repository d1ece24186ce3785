# The whole example, applied to a mock: the provider's schema is real, its answers are not.

mock_provider "google" {}

variables {
  project                 = "my-project"
  bucket_name             = "memory-of-bots"
  image                   = "europe-west1-docker.pkg.dev/my-project/bots/my-bot:1"
  telegram_bot_token      = "424242:not-a-token"
  telegram_webhook_secret = "a-secret-of-some-length"
}

run "the_service_knows_its_memory_and_its_secrets" {
  command = apply

  assert {
    condition     = one([for each in google_cloud_run_v2_service.bot.template[0].containers[0].env : each.value if each.name == "PTB_BUCKET_URI"]) == "gs://memory-of-bots/bot"
    error_message = "PTB_BUCKET_URI is not the module's bucket_uri."
  }

  assert {
    condition     = toset([for each in google_cloud_run_v2_service.bot.template[0].containers[0].env : each.name]) == toset(["PTB_BUCKET_URI", "TELEGRAM_BOT_TOKEN", "TELEGRAM_WEBHOOK_SECRET", "TICK_AUDIENCE", "TICK_EMAIL"])
    error_message = "The service does not have the settings of the bot."
  }

  assert {
    condition     = google_cloud_scheduler_job.ticks[0].http_target[0].uri == "${google_cloud_run_v2_service.bot.uri}/tick"
    error_message = "The schedule does not call the service."
  }

  assert {
    condition     = one(google_cloud_scheduler_job.ticks[0].http_target[0].oidc_token).audience == one([for each in google_cloud_run_v2_service.bot.template[0].containers[0].env : each.value if each.name == "TICK_AUDIENCE"])
    error_message = "The service wants another audience than the schedule's tokens have."
  }

  assert {
    condition     = one(google_cloud_scheduler_job.ticks[0].http_target[0].oidc_token).service_account_email == one([for each in google_cloud_run_v2_service.bot.template[0].containers[0].env : each.value if each.name == "TICK_EMAIL"])
    error_message = "The service wants tokens of another account than the schedule has."
  }
}

run "without_a_schedule_nobody_ticks" {
  command = plan
  variables { tick_schedule = "" }

  assert {
    condition     = length(google_cloud_scheduler_job.ticks) == 0 && length(google_service_account.ticker) == 0
    error_message = "There is a schedule, or its account."
  }

  assert {
    condition     = !anytrue([for each in google_cloud_run_v2_service.bot.template[0].containers[0].env : startswith(each.name, "TICK_")])
    error_message = "The bot expects ticks."
  }
}

run "schedule_that_is_no_line_of_cron" {
  command         = plan
  expect_failures = [var.tick_schedule]
  variables { tick_schedule = "rate(1 minute)" }
}

run "timeout_longer_than_telegram_waits" {
  command         = plan
  expect_failures = [var.timeout]
  variables { timeout = 60 }
}

run "token_that_is_none" {
  command         = plan
  expect_failures = [var.telegram_bot_token]
  variables { telegram_bot_token = "hello" }
}

run "name_too_short_for_an_account" {
  command         = plan
  expect_failures = [var.name]
  variables { name = "bot" }
}
