output "webhook_url" {
  description = "The address for Telegram's setWebhook."
  value       = "${aws_apigatewayv2_api.bot.api_endpoint}/telegram"
}

output "bucket_uri" {
  description = "URI of the bot's state, for the bot and for the command line tool on your machine."
  value       = module.memory.bucket_uri
}

output "function_name" {
  description = "Name of the Lambda function."
  value       = aws_lambda_function.bot.function_name
}

output "role_arn" {
  description = "ARN of the role that the bot has."
  value       = aws_iam_role.bot.arn
}

output "log_group" {
  description = "Where the bot logs: aws logs tail NAME --follow."
  value       = aws_cloudwatch_log_group.bot.name
}

output "failed_ticks" {
  description = "URL of the queue with ticks that failed; null without a schedule."
  value       = one(aws_sqs_queue.ticks[*].url)
}
