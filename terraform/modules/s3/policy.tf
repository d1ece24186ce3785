# Who may do what. ARNs are built from the inputs, so that a plan shows both policies whole.

data "aws_region" "current" {}

data "aws_partition" "current" {}

locals {
  bucket_arn  = "arn:${data.aws_partition.current.partition}:s3:::${var.bucket_name}"
  objects_arn = "${local.bucket_arn}/${var.prefix}/*"

  # As PERMISSIONS of ptb-bucket-s3 has it; a test compares. Three places, because each takes another resource or condition.
  object_actions = {
    get      = ["s3:GetObject"]
    put      = ["s3:PutObject", "s3:GetObject"] # a put on the condition of an ETag reads it
    delete   = ["s3:DeleteObject"]
    versions = ["s3:GetObjectVersion"]
  }
  list_actions = {
    list     = ["s3:ListBucket"]
    versions = ["s3:ListBucketVersions"]
  }
  bucket_actions = {
    versions = ["s3:GetBucketVersioning"]
  }
  kms_actions = {
    get      = ["kms:Decrypt"]
    put      = ["kms:GenerateDataKey", "kms:Decrypt"]
    versions = ["kms:Decrypt"]
  }

  granted = {
    for name, table in {
      objects = local.object_actions
      list    = local.list_actions
      bucket  = local.bucket_actions
      kms     = local.kms_actions
    } : name => distinct(flatten([for operation, actions in table : actions if contains(var.operations, operation)]))
  }

  # Lists of one or no statement: a conditional expression would want both sides to have one type.
  bot_statements = concat(
    [{
      Sid      = "Objects"
      Effect   = "Allow"
      Action   = local.granted.objects
      Resource = local.objects_arn
    }],
    [{
      Sid       = "List"
      Effect    = "Allow"
      Action    = local.granted.list
      Resource  = local.bucket_arn
      Condition = { StringLike = { "s3:prefix" = "${var.prefix}/*" } }
    }],
    [for actions in [local.granted.bucket] : {
      Sid      = "Versioning"
      Effect   = "Allow"
      Action   = actions
      Resource = local.bucket_arn
    } if length(actions) > 0],
    [for key in compact([var.kms_key_arn]) : {
      Sid       = "Key"
      Effect    = "Allow"
      Action    = local.granted.kms
      Resource  = key
      Condition = { StringEquals = { "kms:ViaService" = local.s3_service } }
    }],
  )
  s3_service = "s3.${data.aws_region.current.id}.${data.aws_partition.current.dns_suffix}"

  bucket_statements = concat(
    [{
      Sid       = "OnlyOverTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [local.bucket_arn, "${local.bucket_arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }],
    # Both headers must be missing: the conditions of one statement are ANDed.
    [for wanted in [var.require_conditional_writes] : {
      Sid       = "OnlyConditionalWrites"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:PutObject"
      Resource  = local.objects_arn
      Condition = { Null = { "s3:if-match" = "true", "s3:if-none-match" = "true" } }
    } if wanted],
  )

  bot_policy    = { Version = "2012-10-17", Statement = local.bot_statements }
  bucket_policy = { Version = "2012-10-17", Statement = local.bucket_statements }
}
