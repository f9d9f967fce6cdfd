"""The Celery application for programs that want one by name: `celery --app speechmill.flower flower`, or `inspect active`.

Reads SPEECHMILL_REDIS__URL when it is imported, and knows the prefix of our keys, without which such a program sees nothing.
"""

from speechmill.settings import load_settings
from speechmill.tasks import celery_app

app = celery_app(load_settings().redis.url)
