# Bad input is refused when planning. The provider is mocked: its schema is real, its answers are not.

mock_provider "google" {}

variables {
  bucket_name = "memory-of-bots"
  location    = "europe-west1"
}

run "defaults_are_safe" {
  command = plan

  variables {
    service_accounts = { bot = "bot@my-project.iam.gserviceaccount.com" }
  }

  assert {
    condition     = output.bucket_uri == "gs://memory-of-bots/bot"
    error_message = "bucket_uri is not what PTB_BUCKET_URI takes."
  }

  assert {
    condition     = google_storage_bucket.this[0].uniform_bucket_level_access && google_storage_bucket.this[0].public_access_prevention == "enforced"
    error_message = "Nobody but the bot may read."
  }

  assert {
    condition     = google_storage_bucket.this[0].versioning[0].enabled && !google_storage_bucket.this[0].force_destroy
    error_message = "What is overwritten or destroyed by mistake must come back."
  }

  assert {
    condition     = google_storage_bucket_iam_member.bot["bot"].role == "roles/storage.objectUser"
    error_message = "The bot needs roles/storage.objectUser, and no more."
  }
}

run "an_existing_bucket_is_left_alone" {
  command = plan

  variables {
    create_bucket    = false
    location         = null
    service_accounts = { bot = "bot@my-project.iam.gserviceaccount.com" }
  }

  assert {
    condition     = length(google_storage_bucket.this) == 0
    error_message = "The bucket's settings are its owner's."
  }

  assert {
    condition     = google_storage_bucket_iam_member.bot["bot"].bucket == "memory-of-bots" && output.bucket_uri == "gs://memory-of-bots/bot"
    error_message = "The bot needs its role and its URI."
  }
}

run "a_bucket_without_a_location" {
  command         = plan
  expect_failures = [google_storage_bucket.this]
  variables { location = null }
}

run "bucket_name_in_capitals" {
  command         = plan
  expect_failures = [var.bucket_name]
  variables { bucket_name = "My.Bucket" }
}

run "bucket_name_of_google" {
  command         = plan
  expect_failures = [var.bucket_name]
  variables { bucket_name = "my-google-bot" }
}

run "prefix_with_a_wildcard" {
  command         = plan
  expect_failures = [var.prefix]
  variables { prefix = "bots*" }
}

run "prefix_with_an_outer_slash" {
  command         = plan
  expect_failures = [var.prefix]
  variables { prefix = "/bots" }
}

run "retention_of_no_day" {
  command         = plan
  expect_failures = [var.noncurrent_version_days]
  variables { noncurrent_version_days = 0 }
}

run "soft_delete_of_three_days" {
  command         = plan
  expect_failures = [var.soft_delete_days]
  variables { soft_delete_days = 3 }
}

run "service_account_with_its_kind" {
  command         = plan
  expect_failures = [var.service_accounts]
  variables { service_accounts = { bot = "serviceAccount:bot@my-project.iam.gserviceaccount.com" } }
}
