output "bucket_uri" {
  description = "For PTB_BUCKET_URI or BucketPersistence(...)."
  value       = "s3://${var.bucket_name}/${var.prefix}?${local.uri_query}"

  # Resources that use the URI are made after the bucket is ready.
  depends_on = [aws_s3_bucket_versioning.this, aws_s3_bucket_policy.this, data.aws_s3_bucket.existing]
}

output "policy_arn" {
  description = "ARN of the bot's policy, to attach to its role."
  value       = aws_iam_policy.this.arn
}

output "policy_json" {
  description = "The same policy as JSON, for a role that keeps its policies inline."
  value       = jsonencode(local.bot_policy)
}

output "eraser_policy_json" {
  description = "The policy that `ptb-bucket erase-user --versions` needs, as JSON. It can delete old versions for good, so the module attaches it to nobody. Give it to the person who erases, for as long as that takes."
  value       = jsonencode(local.eraser_policy)
}

output "bucket_policy_json" {
  description = "The bucket's policy as JSON. With create_bucket = false, nothing sets it: add its statements to the policy that your bucket has."
  value       = jsonencode(local.bucket_policy)
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
