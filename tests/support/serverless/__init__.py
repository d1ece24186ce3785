"""A bot behind uvicorn, and the events that AWS Lambda receives."""
