# What belongs to the bucket itself. All of it is the bot's own: nothing else should be kept here.
# With create_bucket = false, the bucket and its settings stay with their owner, and only the bot's policy is made.

locals {
  made = var.create_bucket ? 1 : 0
}

# Reading the bucket fails if it does not exist.
data "aws_s3_bucket" "existing" {
  count = var.create_bucket ? 0 : 1

  bucket = var.bucket_name

  lifecycle {
    postcondition {
      # Provider 6 calls it bucket_region, and region is then the region that was asked.
      condition     = lookup(self, "bucket_region", self.region) == data.aws_region.current.id
      error_message = "The bucket ${var.bucket_name} is in ${lookup(self, "bucket_region", self.region)}, and the provider is set to ${data.aws_region.current.id}. Pass the module a provider for the bucket's region, because bucket_uri and the policy for the KMS key name the region."
    }
  }
}

resource "aws_s3_bucket" "this" {
  count = local.made

  bucket        = var.bucket_name
  force_destroy = var.force_destroy
  tags          = var.tags
}

# An object that was overwritten or deleted by mistake comes back.
resource "aws_s3_bucket_versioning" "this" {
  count = local.made

  bucket = aws_s3_bucket.this[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  count = local.made

  bucket = aws_s3_bucket.this[0].id

  rule {
    # One request to KMS for many objects instead of one for each: a bot writes often.
    bucket_key_enabled = var.kms_key_arn != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  count = local.made

  bucket = aws_s3_bucket.this[0].id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# No access control lists: policies alone decide.
resource "aws_s3_bucket_ownership_controls" "this" {
  count = local.made

  bucket = aws_s3_bucket.this[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_policy" "this" {
  count = local.made

  bucket = aws_s3_bucket.this[0].id
  policy = jsonencode(local.bucket_policy)

  # S3 refuses two changes of a bucket's access at the same time.
  depends_on = [aws_s3_bucket_public_access_block.this, aws_s3_bucket_ownership_controls.this]
}

resource "aws_iam_policy" "this" {
  name        = "${var.bucket_name}-ptb-bucket"
  description = "A bot's access to its memory below ${var.prefix}/ in the bucket ${var.bucket_name}"
  policy      = jsonencode(local.bot_policy)
  tags        = var.tags
}
