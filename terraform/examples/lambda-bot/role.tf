# Who the bot is: its memory, its two secrets, its log, nothing else.

resource "aws_iam_role" "bot" {
  name        = var.name
  description = "The bot ${var.name}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "memory" {
  role       = aws_iam_role.bot.name
  policy_arn = module.memory.policy_arn
}

resource "aws_iam_role_policy" "bot" {
  name = "secrets-and-log"
  role = aws_iam_role.bot.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # They are encrypted with the account's own key for parameters, which needs no permission of its own.
        Sid      = "Secrets"
        Effect   = "Allow"
        Action   = "ssm:GetParameter"
        Resource = [aws_ssm_parameter.token.arn, aws_ssm_parameter.webhook_secret.arn]
      },
      {
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.bot.arn}:*"
      },
    ]
  })
}
