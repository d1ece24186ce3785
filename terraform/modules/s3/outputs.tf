output "bucket_uri" {
  description = "For PTB_BUCKET_URI or BucketPersistence(...)."
  value       = "s3://${var.bucket_name}/${var.prefix}?${local.uri_query}"

  # Whoever uses the URI finds the bucket as it should be.
  depends_on = [aws_s3_bucket_versioning.this, aws_s3_bucket_policy.this]
}

output "policy_arn" {
  description = "ARN of the bot's policy, to attach to its role."
  value       = aws_iam_policy.this.arn
}

output "policy_json" {
  description = "The same policy as JSON, for a role that keeps its policies inline."
  value       = jsonencode(local.bot_policy)
}

output "bucket_arn" {
  description = "ARN of the bucket."
  value       = local.bucket_arn

  depends_on = [aws_s3_bucket.this]
}

output "bucket_name" {
  description = "Name of the bucket."
  value       = var.bucket_name

  depends_on = [aws_s3_bucket.this]
}

locals {
  uri_options = merge(var.uri_options, { region = data.aws_region.current.id })
  uri_query   = join("&", [for name, value in local.uri_options : "${name}=${urlencode(value)}"])
}
