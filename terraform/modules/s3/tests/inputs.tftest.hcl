# Bad input is refused when planning, and a plan already shows what will be. No account and no server is asked.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "testing"
  secret_key                  = "testing"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

variables {
  bucket_name = "memory-of-bots"
}

run "defaults_are_safe" {
  command = plan

  assert {
    condition     = output.bucket_uri == "s3://memory-of-bots/bot?region=eu-west-1"
    error_message = "bucket_uri is not what PTB_BUCKET_URI takes."
  }

  assert {
    condition     = !aws_s3_bucket.this[0].force_destroy
    error_message = "By default nobody may destroy a bot's memory by accident."
  }

  assert {
    condition     = length(jsondecode(aws_s3_bucket_policy.this[0].policy).Statement) == 2
    error_message = "By default, TLS and conditional writes are required."
  }

  assert {
    condition     = !strcontains(output.policy_json, "GetObjectVersion")
    error_message = "By default the bot may not read old versions."
  }

  assert {
    condition     = strcontains(output.eraser_policy_json, "DeleteObjectVersion") && !strcontains(aws_iam_policy.this.policy, "DeleteObjectVersion")
    error_message = "Only the policy that nobody has may delete old versions."
  }
}

run "options_are_in_the_uri" {
  command = plan

  variables {
    prefix      = "bots/shop"
    uri_options = { layout = "per-type" }
  }

  assert {
    condition     = output.bucket_uri == "s3://memory-of-bots/bots/shop?layout=per-type&region=eu-west-1"
    error_message = "The options are not in bucket_uri."
  }
}

run "conditions_are_a_choice" {
  command = plan

  variables {
    require_conditional_writes = false
  }

  assert {
    condition     = [for each in jsondecode(aws_s3_bucket_policy.this[0].policy).Statement : each.Sid] == ["OnlyOverTls"]
    error_message = "Only TLS should be required."
  }
}

# Only planned: the local server that the module is applied to does not know newer_noncurrent_versions.
run "some_old_versions_stay_for_ever" {
  command = plan

  variables {
    newer_noncurrent_versions = 5
    noncurrent_version_days   = 30
  }

  assert {
    condition = [
      for rule in aws_s3_bucket_lifecycle_configuration.this[0].rule : rule.noncurrent_version_expiration[0]
      if rule.id == "old-versions"
    ] == [{ noncurrent_days = 30, newer_noncurrent_versions = 5 }]
    error_message = "The five newest old versions should stay."
  }
}

run "an_existing_bucket_is_left_alone" {
  command = plan

  override_data {
    target = data.aws_s3_bucket.existing
    values = { region = "eu-west-1", bucket_region = "eu-west-1" }
  }

  variables {
    create_bucket = false
  }

  assert {
    condition = length(concat(
      aws_s3_bucket.this, aws_s3_bucket_versioning.this, aws_s3_bucket_policy.this, aws_s3_bucket_public_access_block.this,
      aws_s3_bucket_server_side_encryption_configuration.this, aws_s3_bucket_ownership_controls.this,
      aws_s3_bucket_lifecycle_configuration.this,
    )) == 0
    error_message = "The bucket's settings are its owner's."
  }

  assert {
    condition     = output.bucket_uri == "s3://memory-of-bots/bot?region=eu-west-1" && aws_iam_policy.this.policy == output.policy_json
    error_message = "The bot needs its URI and its policy."
  }

  assert {
    condition     = [for each in jsondecode(output.bucket_policy_json).Statement : each.Sid] == ["OnlyOverTls", "OnlyConditionalWrites"]
    error_message = "The owner needs the statements for the bucket's policy."
  }
}

run "an_existing_bucket_elsewhere" {
  command         = plan
  expect_failures = [data.aws_s3_bucket.existing]

  override_data {
    target = data.aws_s3_bucket.existing
    values = { region = "us-east-1", bucket_region = "us-east-1" }
  }

  variables {
    create_bucket = false
  }
}

run "statements_of_yours_come_last" {
  command = plan

  variables {
    extra_policy_statements = [
      { Sid = "Photos", Effect = "Allow", Action = "s3:GetObject", Resource = "arn:aws:s3:::photos/*" },
      { Effect = "Deny", Action = ["s3:GetObject"], Resource = ["*"], Condition = { Bool = { "aws:SecureTransport" = "false" } } },
    ]
    extra_bucket_policy_statements = [
      { Sid = "Backup", Effect = "Allow", Principal = { AWS = "arn:aws:iam::111122223333:root" }, Action = "s3:GetObject", Resource = "*" },
    ]
  }

  assert {
    condition     = [for each in jsondecode(output.policy_json).Statement : try(each.Sid, "")] == ["Objects", "List", "Photos", ""]
    error_message = "The statements are not in the bot's policy."
  }

  assert {
    condition     = [for each in jsondecode(aws_s3_bucket_policy.this[0].policy).Statement : each.Sid] == ["OnlyOverTls", "OnlyConditionalWrites", "Backup"]
    error_message = "The statement is not in the bucket's policy."
  }

  assert {
    condition     = !strcontains(output.eraser_policy_json, "Photos")
    error_message = "The statements are the bot's, not the eraser's."
  }
}

run "a_statement_without_an_action" {
  command         = plan
  expect_failures = [var.extra_policy_statements]
  variables { extra_policy_statements = [{ Effect = "Allow", Resource = "*" }] }
}

run "a_statement_with_a_misspelt_effect" {
  command         = plan
  expect_failures = [var.extra_policy_statements]
  variables { extra_policy_statements = [{ Effect = "allow", Action = "s3:GetObject", Resource = "*" }] }
}

run "a_statement_for_the_bucket_without_a_principal" {
  command         = plan
  expect_failures = [var.extra_bucket_policy_statements]
  variables { extra_bucket_policy_statements = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "*" }] }
}

run "bucket_name_in_capitals" {
  command         = plan
  expect_failures = [var.bucket_name]
  variables { bucket_name = "My_Bucket" }
}

run "bucket_name_too_short" {
  command         = plan
  expect_failures = [var.bucket_name]
  variables { bucket_name = "ab" }
}

run "bucket_name_reserved" {
  command         = plan
  expect_failures = [var.bucket_name]
  variables { bucket_name = "memory-s3alias" }
}

run "prefix_with_a_wildcard" {
  command         = plan
  expect_failures = [var.prefix]
  variables { prefix = "bot*" }
}

run "prefix_with_an_outer_slash" {
  command         = plan
  expect_failures = [var.prefix]
  variables { prefix = "bot/" }
}

run "prefix_with_dots" {
  command         = plan
  expect_failures = [var.prefix]
  variables { prefix = "bots/../other" }
}

run "prefix_empty" {
  command         = plan
  expect_failures = [var.prefix]
  variables { prefix = "" }
}

run "operation_unknown" {
  command         = plan
  expect_failures = [var.operations]
  variables { operations = ["get", "put", "list", "everything"] }
}

run "operation_missing" {
  command         = plan
  expect_failures = [var.operations]
  variables { operations = ["get", "put"] }
}

run "retention_of_no_day" {
  command         = plan
  expect_failures = [var.noncurrent_version_days]
  variables { noncurrent_version_days = 0 }
}

run "retention_of_half_a_day" {
  command         = plan
  expect_failures = [var.noncurrent_version_days]
  variables { noncurrent_version_days = 0.5 }
}

run "too_many_versions" {
  command         = plan
  expect_failures = [var.newer_noncurrent_versions]
  variables { newer_noncurrent_versions = 101 }
}

run "key_by_alias" {
  command         = plan
  expect_failures = [var.kms_key_arn]
  variables { kms_key_arn = "alias/bots" }
}

run "region_as_an_option" {
  command         = plan
  expect_failures = [var.uri_options]
  variables { uri_options = { region = "eu-west-1" } }
}
