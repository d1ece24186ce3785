# The bucket is the bot's own: nothing else should be kept here.
# With create_bucket = false, the bucket and its settings stay with their owner, and only the bot's role is granted.

resource "google_storage_bucket" "this" {
  count = var.create_bucket ? 1 : 0

  name          = var.bucket_name
  location      = var.location
  force_destroy = var.force_destroy
  labels        = var.labels

  # No access control lists and no public objects: roles on the bucket alone decide.
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  # An object that was overwritten or deleted by mistake comes back.
  versioning {
    enabled = true
  }

  soft_delete_policy {
    retention_duration_seconds = var.soft_delete_days * 24 * 60 * 60
  }

  # Conditions of one rule are ANDed; this has one only, and never meets what is current.
  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      days_since_noncurrent_time = var.noncurrent_version_days
    }
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }

    condition {
      age = var.unfinished_upload_days
    }
  }

  dynamic "encryption" {
    for_each = var.kms_key_name == null ? [] : [var.kms_key_name]

    content {
      default_kms_key_name = encryption.value
    }
  }

  lifecycle {
    precondition {
      condition     = var.location != null
      error_message = "location is missing. Name the region in which the bot runs, such as \"europe-west1\"."
    }
  }
}

# On the whole bucket: a condition on names does not cover listing, without which a bot cannot start.
resource "google_storage_bucket_iam_member" "bot" {
  for_each = var.service_accounts

  bucket = var.create_bucket ? google_storage_bucket.this[0].name : var.bucket_name
  role   = "roles/storage.objectUser"
  member = "serviceAccount:${each.value}"
}
