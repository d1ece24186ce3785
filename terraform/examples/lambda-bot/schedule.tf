# The clock: jobs that are due run, and conversations without an answer end. tick_schedule = "" turns it off.

locals {
  ticks = var.tick_schedule == "" ? 0 : 1
}

resource "aws_scheduler_schedule" "ticks" {
  count = local.ticks

  name                = "${var.name}-ticks"
  description         = "Runs the due jobs of the bot ${var.name}"
  schedule_expression = var.tick_schedule

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.bot.arn
    role_arn = aws_iam_role.scheduler[0].arn
    input    = jsonencode({ ptb-bucket = "tick" })

    # The next tick does the same, so a late one is of no use.
    retry_policy {
      maximum_event_age_in_seconds = 120
      maximum_retry_attempts       = 2
    }

    dead_letter_config {
      arn = aws_sqs_queue.ticks[0].arn
    }
  }

  depends_on = [aws_iam_role_policy.scheduler]
}

# Ticks that could not be delivered, and those that failed in the function. Look here, and into the log, if reminders stay away.
resource "aws_sqs_queue" "ticks" {
  count = local.ticks

  name                      = "${var.name}-ticks-failed"
  message_retention_seconds = 345600 # four days
  sqs_managed_sse_enabled   = true
}

resource "aws_lambda_function_event_invoke_config" "ticks" {
  count = local.ticks

  function_name                = aws_lambda_function.bot.function_name
  maximum_event_age_in_seconds = 120
  maximum_retry_attempts       = 1

  destination_config {
    on_failure {
      destination = aws_sqs_queue.ticks[0].arn
    }
  }

  depends_on = [aws_iam_role_policy.ticks]
}

# What the schedule may do: call this function, and give up.
resource "aws_iam_role" "scheduler" {
  count = local.ticks

  name        = "${var.name}-ticks"
  description = "The schedule of the bot ${var.name}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "scheduler.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = split(":", aws_lambda_function.bot.arn)[4] } }
    }]
  })
}

resource "aws_iam_role_policy" "scheduler" {
  count = local.ticks

  name = "tick"
  role = aws_iam_role.scheduler[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "Tick", Effect = "Allow", Action = "lambda:InvokeFunction", Resource = aws_lambda_function.bot.arn },
      { Sid = "GiveUp", Effect = "Allow", Action = "sqs:SendMessage", Resource = aws_sqs_queue.ticks[0].arn },
    ]
  })
}

# Lambda puts a tick that failed twice into the queue, as the function's role.
resource "aws_iam_role_policy" "ticks" {
  count = local.ticks

  name = "failed-ticks"
  role = aws_iam_role.bot.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "GiveUp", Effect = "Allow", Action = "sqs:SendMessage", Resource = aws_sqs_queue.ticks[0].arn },
    ]
  })
}
