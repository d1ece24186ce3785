"""Write the examples again after a change of the templates of ``ptb-bucket init``: ``python examples/write.py``."""

from __future__ import annotations

import shutil
from pathlib import Path

from ptb_bucket.starter import Project, write

FOLDER = Path(__file__).parent
EXAMPLES = {
    "polling_bot": Project("polling"),
    "lambda_bot": Project("lambda", "s3://my-bot-memory-4711/bot"),
    "cloud_run_bot": Project("cloud-run", "gs://my-bot-memory-4711/bot"),
}

if __name__ == "__main__":
    for name, project in EXAMPLES.items():
        shutil.rmtree(FOLDER / name, ignore_errors=True)
        write(project, FOLDER / name)
