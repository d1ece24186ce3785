# A bot on AWS Lambda behind an HTTP API, with its memory in a bucket.

module "memory" {
  source = "../../modules/s3"

  bucket_name   = var.bucket_name
  prefix        = var.prefix
  force_destroy = var.force_destroy
}

resource "aws_lambda_function" "bot" {
  function_name    = var.name
  description      = "Telegram bot"
  role             = aws_iam_role.bot.arn
  filename         = var.zip_path
  source_code_hash = filebase64sha256(var.zip_path)
  handler          = var.handler
  runtime          = var.runtime
  architectures    = [var.architecture]
  timeout          = var.timeout
  memory_size      = var.memory_size

  reserved_concurrent_executions = var.concurrency

  environment {
    variables = {
      PTB_BUCKET_URI                    = module.memory.bucket_uri
      TELEGRAM_BOT_TOKEN_PARAMETER      = aws_ssm_parameter.token.name
      TELEGRAM_WEBHOOK_SECRET_PARAMETER = aws_ssm_parameter.webhook_secret.name
    }
  }

  # Lambda makes a log group without retention if there is none, and the first update would find no permissions.
  depends_on = [aws_cloudwatch_log_group.bot, aws_iam_role_policy.bot, aws_iam_role_policy_attachment.memory]
}

resource "aws_cloudwatch_log_group" "bot" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
}
