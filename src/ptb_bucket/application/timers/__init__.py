"""Timers in the bucket: PTB's JobQueue, made durable."""
