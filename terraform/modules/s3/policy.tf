# Who may do what. ARNs are built from the inputs, so that a plan shows every policy whole.

data "aws_region" "current" {}

data "aws_partition" "current" {}

locals {
  bucket_arn  = "arn:${data.aws_partition.current.partition}:s3:::${var.bucket_name}"
  objects_arn = "${local.bucket_arn}/${var.prefix}/*"

  # As PERMISSIONS of ptb-bucket-s3 has it; a test compares. Three places, because each takes another resource or condition.
  object_actions = {
    get            = ["s3:GetObject"]
    put            = ["s3:PutObject", "s3:GetObject"] # a put on the condition of an ETag reads it
    delete         = ["s3:DeleteObject"]
    versions       = ["s3:GetObjectVersion"]
    delete_version = ["s3:DeleteObjectVersion"]
  }
  list_actions = {
    list     = ["s3:ListBucket"]
    versions = ["s3:ListBucketVersions"]
  }
  bucket_actions = {
    versions       = ["s3:GetBucketVersioning"]
    delete_version = ["s3:GetBucketVersioning"]
  }
  kms_actions = {
    get      = ["kms:Decrypt"]
    put      = ["kms:GenerateDataKey", "kms:Decrypt"]
    versions = ["kms:Decrypt"]
  }

  operations = {
    bot    = var.operations
    eraser = ["get", "put", "list", "versions", "delete_version"] # what erase-user --versions does; a bot never has all of it
  }

  granted = {
    for who, operations in local.operations : who => {
      for name, table in {
        objects = local.object_actions
        list    = local.list_actions
        bucket  = local.bucket_actions
        kms     = local.kms_actions
      } : name => distinct(flatten([for operation, actions in table : actions if contains(operations, operation)]))
    }
  }

  # Lists of one or no statement: a conditional expression would want both sides to have one type.
  statements = {
    for who, granted in local.granted : who => concat(
      [{
        Sid      = "Objects"
        Effect   = "Allow"
        Action   = granted.objects
        Resource = local.objects_arn
      }],
      [{
        Sid       = "List"
        Effect    = "Allow"
        Action    = granted.list
        Resource  = local.bucket_arn
        Condition = { StringLike = { "s3:prefix" = "${var.prefix}/*" } }
      }],
      [for actions in [granted.bucket] : {
        Sid      = "Versioning"
        Effect   = "Allow"
        Action   = actions
        Resource = local.bucket_arn
      } if length(actions) > 0],
      [for key in compact([var.kms_key_arn]) : {
        Sid       = "Key"
        Effect    = "Allow"
        Action    = granted.kms
        Resource  = key
        Condition = { StringEquals = { "kms:ViaService" = local.s3_service } }
      }],
    )
  }
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
    var.extra_bucket_policy_statements,
  )

  bot_policy    = { Version = "2012-10-17", Statement = concat(local.statements.bot, var.extra_policy_statements) }
  eraser_policy = { Version = "2012-10-17", Statement = local.statements.eraser }
  bucket_policy = { Version = "2012-10-17", Statement = local.bucket_statements }
}
