# The clock: jobs that are due run, and conversations without an answer end. tick_schedule = "" turns it off.

locals {
  ticks = var.tick_schedule == "" ? 0 : 1

  # Not the address of the service: Cloud Run may check such a token itself, and pass it on without its signature.
  audience = "ticks-of-${var.name}"

  tick_settings = var.tick_schedule == "" ? {} : {
    TICK_AUDIENCE = local.audience
    TICK_EMAIL    = google_service_account.ticker[0].email
  }
}

# Whom the bot lets tick. It needs no role: the service is open to everybody, and the bot checks the token.
resource "google_service_account" "ticker" {
  count = local.ticks

  account_id   = "${substr(var.name, 0, 24)}-ticks"
  display_name = "The schedule of the bot ${var.name}"
}

resource "google_cloud_scheduler_job" "ticks" {
  count = local.ticks

  name             = "${var.name}-ticks"
  description      = "Runs the due jobs of the bot ${var.name}"
  region           = var.region
  schedule         = var.tick_schedule
  time_zone        = "Etc/UTC"
  attempt_deadline = "60s"

  # The next tick does the same, so a late one is of no use.
  retry_config {
    retry_count          = 1
    min_backoff_duration = "5s"
  }

  http_target {
    http_method = "POST"
    uri         = "${google_cloud_run_v2_service.bot.uri}/tick"

    oidc_token {
      service_account_email = google_service_account.ticker[0].email
      audience              = local.audience
    }
  }
}
