"""Signs and verifies with the published library; see ../it/signature_clients.rs for what goes in and out."""

import json
import sys
from datetime import datetime, timezone

from standardwebhooks.webhooks import Webhook, WebhookVerificationError


def sign(secret, id, timestamp, body):
    return Webhook(secret).sign(id, datetime.fromtimestamp(timestamp, timezone.utc), body)


def verify(secret, id, timestamp, body, signature):
    headers = {
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature,
    }
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError as error:
        return str(error)
    return None


asked = json.load(sys.stdin)
answer = {
    "signed": [sign(**case) for case in asked["sign"]],
    "verified": [verify(**case) for case in asked["verify"]],
}
print(json.dumps(answer))
