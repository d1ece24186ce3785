# A bot on Cloud Run, with its memory in a bucket.

provider "google" {
  project = var.project
  region  = var.region
}

resource "google_service_account" "bot" {
  account_id   = var.name
  display_name = "The bot ${var.name}"
}

module "memory" {
  source = "../../modules/gcs"

  bucket_name      = var.bucket_name
  prefix           = var.prefix
  location         = var.region
  service_accounts = { bot = google_service_account.bot.email }
  force_destroy    = var.force_destroy
}

resource "google_cloud_run_v2_service" "bot" {
  name                = var.name
  location            = var.region
  deletion_protection = false # it holds nothing; the memory is the bucket's

  template {
    service_account                  = google_service_account.bot.email
    timeout                          = "${var.timeout}s"
    max_instance_request_concurrency = var.concurrency

    scaling {
      min_instance_count = 0
      max_instance_count = var.max_instances
    }

    containers {
      image = var.image

      env {
        name  = "PTB_BUCKET_URI"
        value = module.memory.bucket_uri
      }

      dynamic "env" {
        for_each = local.tick_settings

        content {
          name  = env.key
          value = env.value
        }
      }

      dynamic "env" {
        for_each = google_secret_manager_secret_version.this

        content {
          name = local.secrets[env.key].variable

          value_source {
            secret_key_ref {
              secret  = google_secret_manager_secret.this[env.key].secret_id
              version = env.value.version # a number: an instance that starts later has the same one
            }
          }
        }
      }

      resources {
        cpu_idle          = true # everything is saved before the answer, nothing runs between requests
        startup_cpu_boost = true
        limits            = { cpu = "1", memory = "512Mi" }
      }

      startup_probe {
        period_seconds    = 2
        failure_threshold = 30

        http_get {
          path = "/healthz"
        }
      }
    }
  }

  # Without these, the first instance could neither start nor read.
  depends_on = [google_secret_manager_secret_iam_member.bot, module.memory]
}

# Open to everybody, as Telegram has no Google account: the bot compares the webhook secret.
resource "google_cloud_run_v2_service_iam_member" "public" {
  name     = google_cloud_run_v2_service.bot.name
  location = google_cloud_run_v2_service.bot.location
  role     = "roles/run.invoker"
  member   = "allUsers"
}
