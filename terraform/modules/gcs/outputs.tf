output "bucket_uri" {
  description = "For PTB_BUCKET_URI or BucketPersistence(...)."
  value       = "gs://${var.bucket_name}/${var.prefix}"

  # Resources that use the URI are made after the bucket and its permissions.
  depends_on = [google_storage_bucket.this, google_storage_bucket_iam_member.bot]
}

output "bucket_name" {
  description = "Name of the bucket."
  value       = var.bucket_name

  depends_on = [google_storage_bucket.this]
}
