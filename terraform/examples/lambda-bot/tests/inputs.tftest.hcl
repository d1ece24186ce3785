# Bad input is refused when planning. The tests ask no account and no server. A plan only hashes the package, so an empty
# archive will do.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "testing"
  secret_key                  = "testing"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

variables {
  bucket_name             = "memory-of-bots"
  zip_path                = "tests/empty.zip"
  telegram_bot_token      = "424242:not-a-token"
  telegram_webhook_secret = "a-secret-of-some-length"
}

run "the_function_knows_its_memory_and_its_secrets" {
  command = plan

  assert {
    condition     = aws_lambda_function.bot.environment[0].variables.PTB_BUCKET_URI == "s3://memory-of-bots/bot?region=eu-west-1"
    error_message = "PTB_BUCKET_URI is not the module's bucket_uri."
  }

  assert {
    condition     = aws_lambda_function.bot.environment[0].variables.TELEGRAM_BOT_TOKEN_PARAMETER == "/my-bot/telegram-bot-token"
    error_message = "The function does not know where its token is."
  }

  assert {
    condition     = aws_lambda_function.bot.timeout * 1000 < aws_apigatewayv2_integration.bot.timeout_milliseconds
    error_message = "The function must give up before the HTTP API does."
  }
}

run "the_schedule_ticks" {
  command = plan

  assert {
    condition     = jsondecode(aws_scheduler_schedule.ticks[0].target[0].input) == { ptb-bucket = "tick" }
    error_message = "The event is not the one that the bot takes for a tick."
  }

  assert {
    condition     = aws_scheduler_schedule.ticks[0].schedule_expression == "rate(1 minute)"
    error_message = "It does not tick every minute."
  }
}

run "without_a_schedule_nobody_ticks" {
  command = plan
  variables { tick_schedule = "" }

  assert {
    condition     = length(concat(aws_scheduler_schedule.ticks, aws_iam_role.scheduler, aws_sqs_queue.ticks)) == 0
    error_message = "There is a schedule, or what belongs to it."
  }
}

run "schedule_as_cron_writes_it" {
  command         = plan
  expect_failures = [var.tick_schedule]
  variables { tick_schedule = "* * * * *" }
}

run "timeout_as_long_as_the_api" {
  command         = plan
  expect_failures = [var.timeout]
  variables { timeout = 30 }
}

run "no_package" {
  command         = plan
  expect_failures = [var.zip_path]
  variables { zip_path = "nowhere.zip" }
}

run "token_that_is_none" {
  command         = plan
  expect_failures = [var.telegram_bot_token]
  variables { telegram_bot_token = "hello" }
}

run "secret_that_telegram_refuses" {
  command         = plan
  expect_failures = [var.telegram_webhook_secret]
  variables { telegram_webhook_secret = "not allowed: spaces!" }
}

run "switched_off" {
  command         = plan
  expect_failures = [var.concurrency]
  variables { concurrency = 0 }
}

run "log_kept_for_two_days" {
  command         = plan
  expect_failures = [var.log_retention_days]
  variables { log_retention_days = 2 }
}

run "name_with_a_space" {
  command         = plan
  expect_failures = [var.name]
  variables { name = "My bot" }
}

run "a_processor_that_lambda_does_not_have" {
  command         = plan
  expect_failures = [var.architecture]

  variables {
    architecture = "mips"
  }
}
